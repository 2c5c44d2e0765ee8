"""The chapters. Each does the real thing with the real jobs, and checks that it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from rich.table import Table

from guardian import terminal
from guardian.app import Guardian, editions
from guardian.configuration import World
from guardian.demo.cast import (
    AWAY,
    ORGANIZATION_CHANNEL,
    RESEARCH,
    SANDBOX,
    Cast,
)
from guardian.demo.stage import Stage, outcome_table
from guardian.ids import AccountId, Slug, Target
from guardian.jobs.announce import Announced, announce_once
from guardian.jobs.collect import collect_once
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.localaws.people import Person
from guardian.outcome import Outcome, Result
from guardian.plan import Action, DeployedStackSet, InstanceStatus
from guardian.policy.durations import spoken
from guardian.repair import What
from guardian.stack import names as made
from guardian.terminal.digest import print_digest
from guardian.terminal.plan import print_plan
from guardian.terminal.sweep import show

FOUNDING = "glue-studio-datapreview-e09f88a9-4d7f-4e64-95f2-e435fbd1963a"
HOSTILE = 'rent"; <!channel> <b>*free*</b> 😀'
PATIENCE = 40.0  # real seconds for everything people opened to end
SWEEP_MARGIN = timedelta(minutes=12)


@dataclass
class Expected:
    """What somebody opened, and what must become of it."""

    id: str
    kind: str
    result: Result


@dataclass
class Story:
    """Where the story is: what was opened, what became of it."""

    cast: Cast
    guardian: Guardian
    stage: Stage
    expected: list[Expected] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    missed: int = 0
    injected: int = 0
    repaired: int = 0
    moved: bool = False

    @property
    def names(self) -> terminal.Names:
        return {AccountId(account): name for name, account in self.cast.accounts.items()}

    def seconds_after_grace(self, outcome: Outcome) -> float | None:
        """Real seconds between the end of the (scaled) grace and the judgement."""
        if outcome.due is None:
            return None
        return (outcome.at - outcome.due).total_seconds() * self.guardian.scale

    def introduce(self) -> World:
        self.stage.chapter("An organization and its policies")
        world = self.guardian.world()
        governance = world.governance
        rows = [
            (
                account.name,
                account.ou,
                governance.policy_of.get(account.id, "-"),
                governance.ungoverned.get(account.id, "governed"),
            )
            for account in sorted(world.organization.accounts, key=lambda a: (a.ou, a.name))
        ]
        shown = rows[:16]
        self.stage.show("", ("account", "OU", "policy", "why not"), shown)
        if len(rows) > len(shown):
            self.stage.say(f"... and {len(rows) - len(shown)} more accounts")
        for policy in governance.policies:
            rules = ", ".join(
                f"{r.kind.key} {'idle ' + spoken(r.idle) if r.idle else spoken(r.grace)} ({r.mode})"
                for r in policy.rules
            )
            self.stage.say(f"{policy.slug}: {rules}")
        suspended = self.cast.accounts["sandbox-closed"]
        self.stage.check(
            AccountId(suspended) in governance.ungoverned, "the suspended account is not governed"
        )
        return world

    def roll_out(self) -> None:
        self.stage.chapter("The plan, and the rollout")
        planned, world = self._plan()
        print_plan(self.stage.console, planned, world.names)
        self._apply(planned, world)
        again, _ = self._plan()
        self.stage.check(not again.plan.changes, "a second plan finds nothing to do")
        current, total = self.instances()
        self.stage.check(current == total > 0, f"{current} of {total} stack instances are current")

    def roll_out_again(self) -> None:
        """Bring a changed policy to the accounts."""
        planned, world = self._plan()
        print_plan(self.stage.console, planned, world.names)
        self._apply(planned, world)

    def work(self) -> None:
        self.stage.chapter("People work, and forget")
        cast = self.cast
        ana, ben = cast.person("ana", "sandbox-ana"), cast.person("ben", "sandbox-ben", AWAY)
        cleo, ravi = cast.person("cleo", "sandbox-cleo"), cast.person("ravi", "research-fraud")
        pia = cast.person("pia", "platform-tools", AWAY)
        say = self.stage.say
        say("ana opens Glue Studio in three browser tabs: three sessions (the founding story)")
        for session in (FOUNDING, "glue-studio-tab-2", "glue-studio-tab-3"):
            self._expect(ana.open_data_preview(session), "glue-session", Result.STOPPED)
        say(
            "ben starts a SageMaker notebook in the other region, cleo an EMR cluster, and goes home"
        )
        self._expect(
            ben.open_notebook("bens-notebook", "ml.g4dn.xlarge"),
            "sagemaker-notebook",
            Result.STOPPED,
        )
        self._expect(cleo.open_cluster("cleos-cluster"), "emr-cluster", Result.STOPPED)
        say("ravi tags one session guardian=keep, and gives another a hostile id")
        kept = ravi.open_glue_session("month-end-model", {"guardian": "keep"})
        self._expect(kept, "glue-session", Result.KEPT)
        self._expect(ravi.open_glue_session(HOSTILE), "glue-session", Result.STOPPED)
        say("pia works where guardian only observes")
        self._expect(pia.open_glue_session("pias-session"), "glue-session", Result.WOULD_STOP)

    def end(self) -> None:
        self.stage.chapter("Each ends as its policy says")
        deadline = monotonic() + PATIENCE
        with self.stage.live() as show:
            while self._waiting() and monotonic() < deadline:
                collect_once(self.guardian.aws.inbox, self.guardian.journal, timedelta(seconds=1))
                self._read_journal()
                show(self._table())
            show(self._table())
        self.stage.say(
            "(one second here is ten minutes there; the last column is in real seconds)"
        )
        for expected in self.expected:
            outcome = self.outcomes.get(expected.id)
            said = outcome.result.value if outcome else "nothing was reported"
            what = f"{expected.kind} {terminal.clean(expected.id, 40)}: {said}"
            self.stage.check(outcome is not None and outcome.result is expected.result, what)

    def catch(self) -> None:
        self.stage.chapter("A session whose event never came")
        cast = self.cast
        ben = cast.person("ben", "sandbox-ben")
        self.stage.say(
            "the trail is off for a moment, as CloudTrail's best effort allows; ben opens a session"
        )
        place = {"account": ben.account, "region": ben.region}
        cast.aws.post("/localaws/trail", {"logging": False, **place})
        session = ben.open_glue_session("unannounced")
        cast.aws.post("/localaws/trail", {"logging": True, **place})
        self.guardian.pause(SWEEP_MARGIN)
        world = self.guardian.world()
        places = governed_places(world.governance)
        swept = sweep_once(
            self.guardian.aws.members,
            self.guardian.journal,
            places,
            self.guardian.search(),
            self.guardian.now,
        )
        show(self.stage.console, swept, world.names)
        caught = [o for o in swept.outcomes if o.missed and o.result is Result.STOPPED]
        self.missed = len(caught)
        self._read_journal()
        self.stage.check(
            [o.id for o in caught] == [session], "the sweep stopped it, and only it, as missed"
        )

    def repair(self) -> None:
        self.stage.chapter("Somebody breaks things")
        self._break(
            self.cast.person("ana", "sandbox-ana"), self.cast.person("ravi", "research-fraud")
        )
        planned, world = self._plan()
        print_plan(self.stage.console, planned, world.names)
        found = {c.drift.what for c in planned.plan.changes if c.drift}
        wanted = {What.RULE_DISABLED, What.RULE_MISSING, What.MACHINE_CHANGED}
        self.stage.check(
            found == wanted,
            "the reconcile finds the disabled rule, the deleted one, the edited machine",
        )
        self.repaired = self._apply(planned, world)
        again, _ = self._plan()
        self.stage.check(
            not again.plan.changes, "all of it is repaired: a second look finds nothing"
        )

    def _break(self, ana: Person, ravi: Person) -> None:
        sandbox, science = made.stack_set(Slug("sandbox")), made.stack_set(Slug("data-science"))
        ana.disable_rule(f"{sandbox}-glue-session")
        self.stage.say(f"ana disables the rule {sandbox}-glue-session")
        ana.delete_rule(f"{sandbox}-emr-cluster")
        self.stage.say(f"ana deletes the rule {sandbox}-emr-cluster")
        ravi.defuse_machine(f"{science}-glue-session")
        self.stage.say(
            f"ravi edits the state machine {science}-glue-session so that it does nothing"
        )
        self.injected = 3

    def move(self) -> None:
        self.stage.chapter("An account moves to another OU")
        account = self.cast.accounts["sandbox-cleo"]
        self.cast.move("sandbox-cleo", SANDBOX, RESEARCH)
        self.stage.say(f"sandbox-cleo moves from {SANDBOX} to {RESEARCH}")
        planned, world = self._plan()
        print_plan(self.stage.console, planned, world.names)
        self._apply(planned, world)
        policies = self._policies_in(account)
        self.moved = policies == {made.stack_set(Slug("data-science"))}
        self.stage.check(
            self.moved, f"it is governed once, by {', '.join(sorted(policies)) or 'nothing'}"
        )

    def announce(self) -> Sequence[Announced]:
        self.stage.chapter("The digest")
        guardian, now = self.guardian, self.guardian.now()
        announced: list[Announced] = []
        world = guardian.world()
        for edition in editions(world, guardian.settings.notify):
            announced += announce_once(guardian.desk(edition.audience), edition.audience, now, now)
        for each in announced:
            if each.digest.channel == ORGANIZATION_CHANNEL:
                print_digest(self.stage.console, each.digest)
        channels = ", ".join(sorted(each.digest.channel for each in announced))
        self.stage.check(len(announced) == 2, f"digests are posted to {channels}")  # noqa: PLR2004  two channels
        return announced

    def instances(self) -> tuple[int, int]:
        """How many stack instances are current, of how many."""
        found = [i for s in self._deployed() for i in s.instances]
        return sum(i.status is InstanceStatus.CURRENT for i in found), len(found)

    def _deployed(self) -> tuple[DeployedStackSet, ...]:
        return self.guardian.aws.stack_sets.observe()

    def _policies_in(self, account: str) -> set[str]:
        regions = self.guardian.world().governance.regions
        places = {Target(AccountId(account), r) for here in regions.values() for r in here}
        return {
            s.name
            for s in self._deployed()
            for i in s.instances
            if i.target in places and s.name != made.ACCESS
        }

    def _plan(self) -> tuple[Reconciliation, World]:
        guardian, world = self.guardian, self.guardian.world()
        fleet = guardian.fleet(world.organization)
        return plan_once(
            fleet, world.governance, world.organization, guardian.brakes, guardian.now()
        ), world

    def _apply(self, planned: Reconciliation, world: World) -> int:
        """Carry a plan out; answer how many repairs were made."""
        guardian = self.guardian
        with self.stage.rollout() as told:
            fleet = guardian.fleet(world.organization)
            applied = apply_once(fleet, planned, guardian.journal, told, guardian.now())
        for change, why in applied.failed:
            self.stage.check(False, f"{change.action} {change.stack_set} {change.target}: {why}")
        return sum(change.action is Action.REPAIR for change in applied.done)

    def _expect(self, identifier: str, kind: str, result: Result) -> None:
        self.expected.append(Expected(identifier, kind, result))

    def _waiting(self) -> Mapping[str, str]:
        return {e.id: e.kind for e in self.expected if e.id not in self.outcomes}

    def _read_journal(self) -> None:
        now = self.guardian.now()
        found = self.guardian.journal.outcomes(now - timedelta(days=30), now + timedelta(days=1))
        self.outcomes = {outcome.id: outcome for outcome in found}

    def _table(self) -> Table:
        done = sorted(self.outcomes.values(), key=lambda o: o.at)
        return outcome_table(done, self._waiting(), self.names, self.seconds_after_grace)
