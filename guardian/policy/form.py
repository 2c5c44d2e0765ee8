"""One mapping of a file, read field by field. What is wrong is noted, and the reading goes on."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from guardian.places import Place
from guardian.policy import values
from guardian.policy.nearest import hint
from guardian.policy.nodes import Fields, Items, Node, Problems, Scalar

T = TypeVar("T")


class Form:
    """The fields of a mapping that may hold the keys `known`; `noun` is what people call such a key."""

    def __init__(
        self,
        fields: Fields,
        known: Collection[str],
        problems: Problems,
        name: str = "",
        noun: str = "key",
    ) -> None:
        self._fields = fields
        self._problems = problems
        self._name = name
        self.at = fields.at
        self.keys = [key for key in fields.values if key in known]
        for key in fields.values.keys() - set(known):
            self.wrong(fields.keys[key], "", f"unknown {noun} {key!r}{hint(key, known)}")

    def wrong(self, at: Place, key: str, message: str) -> None:
        """Note a problem with a field."""
        name = self._named(key) if key else self._name
        self._problems.add(at, f"{name}: {message}" if name else message)

    def _named(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def place(self, key: str) -> Place:
        """Where the key's value stands; the mapping itself where there is none."""
        node = self._fields.values.get(key)
        return node.at if node else self.at

    def filled(self, key: str) -> bool:
        """Whether somebody wrote something there, right or wrong."""
        node = self._fields.values.get(key)
        match node:
            case None:
                return False
            case Scalar():
                return not node.null
            case Items():
                return bool(node.items)
            case Fields():
                return bool(node.values)

    def says(self, key: str, word: str) -> bool:
        """Whether the field is this word."""
        node = self._fields.values.get(key)
        return isinstance(node, Scalar) and node.text == word

    def read(self, key: str, reader: Callable[[Node], T]) -> T | None:
        """The field's value, None where it is not there or wrong."""
        node = self._fields.values.get(key)
        return None if node is None else self._try(key, node, reader)

    def require(self, key: str, reader: Callable[[Node], T]) -> T | None:
        """The field's value; None, and a problem, where there is none."""
        if key not in self._fields.values:
            self.wrong(self.at, key, "is missing")
        return self.read(key, reader)

    def _try(self, key: str, node: Node, reader: Callable[[Node], T]) -> T | None:
        try:
            return reader(node)
        except ValueError as error:
            self.wrong(node.at, key, str(error))
            return None

    def each(self, key: str, reader: Callable[[Node], T]) -> tuple[T, ...] | None:
        """The values of a list, each once; None where the field is not there."""
        if key not in self._fields.values:
            return None
        found: list[T] = []
        for node in self._items(key):
            value = self._try(key, node, reader)
            if value in found:
                self.wrong(node.at, key, f"{value} is there twice")
            elif value is not None:
                found.append(value)
        return tuple(found)

    def _items(self, key: str) -> tuple[Node, ...]:
        node = self._fields.values.get(key)
        if node is None or (isinstance(node, Scalar) and node.null):
            return ()
        if isinstance(node, Items):
            return node.items
        self.wrong(node.at, key, "must be a list")
        return ()

    def form(self, key: str, known: Collection[str], noun: str = "key") -> "Form":
        """The mapping in a field; an empty one where there is none."""
        node = self._fields.values.get(key)
        if isinstance(node, Fields):
            return Form(node, known, self._problems, self._named(key), noun)
        if node is not None and not (isinstance(node, Scalar) and node.null):
            self.wrong(node.at, key, "must be a mapping")
        return Form(Fields({}, {}, self.place(key)), known, self._problems, self._named(key), noun)

    def forms(self, key: str, known: Collection[str]) -> list["Form"]:
        """The mappings in a list."""
        found: list[Form] = []
        for index, node in enumerate(self._items(key)):
            name = f"{self._named(key)}[{index}]"
            if isinstance(node, Fields):
                found.append(Form(node, known, self._problems, name))
            else:
                self._problems.add(node.at, f"{name}: must be a mapping")
        return found

    def pairs(self, key: str) -> Mapping[str, str]:
        """The texts in a mapping with keys of its writer's own."""
        node = self._fields.values.get(key)
        own = list(node.values) if isinstance(node, Fields) else []
        form = self.form(key, own)
        read = {name: form.read(name, values.text) for name in own}
        return {name: value for name, value in read.items() if value is not None}
