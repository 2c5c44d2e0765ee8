"""Which methods there are, and the scope that each asks for."""

from collections.abc import Callable, Mapping

from guardian.localslack.methods import (
    Answer,
    Call,
    SlackError,
    auth_test,
    chat_post_ephemeral,
    chat_post_message,
    chat_update,
    conversations_history,
    conversations_info,
    conversations_list,
    conversations_open,
    conversations_replies,
    files_complete_upload_external,
    files_get_upload_url_external,
    files_info,
    usergroups_users_list,
    users_lookup_by_email,
)

METHODS: Mapping[str, Callable[[Call], Answer]] = {
    "auth.test": auth_test,
    "chat.postEphemeral": chat_post_ephemeral,
    "chat.postMessage": chat_post_message,
    "chat.update": chat_update,
    "conversations.history": conversations_history,
    "conversations.info": conversations_info,
    "conversations.list": conversations_list,
    "conversations.open": conversations_open,
    "conversations.replies": conversations_replies,
    "files.completeUploadExternal": files_complete_upload_external,
    "files.getUploadURLExternal": files_get_upload_url_external,
    "files.info": files_info,
    "usergroups.users.list": usergroups_users_list,
    "users.conversations": conversations_list,
    "users.lookupByEmail": users_lookup_by_email,
}


NEEDED: Mapping[str, str] = {
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.list": "channels:read",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
    "usergroups.users.list": "usergroups:read",
    "users.conversations": "channels:read",
    "users.lookupByEmail": "users:read.email",
}
"""The scope that a method asks for; `auth.test` asks for none."""


def answer(method: str, call: Call) -> Answer:
    """What a method answers. Raises SlackError."""
    needed, provided = NEEDED.get(method, ""), call.workspace.scopes
    if needed and needed not in provided:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(provided)))
    return METHODS[method](call)
