"""A second opinion on signed answers: Unbound validates what authd says of generated zones.

Four servers may agree on something that no validator takes. Unbound gets each zone's key as a trust anchor and asks authd for all it is asked; what comes out must be
authentic, with the same rcode. Left out is what a resolver cannot find here: names beyond the zone, delegations, long chains.
"""
import random

from zt import Unbound

from differential import exchange, names, queries, report, run, servers, sign, zones
from differential.answer import AUTHORITY, CNAME, FLAG_AD, FLAG_TC, SOA, read_answer
from differential.explain import chain, end_of

# Not CNAME and DNAME: Unbound wants the CNAME that a DNAME implies signed when it is asked for them.
TYPES = ("A", "AAAA", "TXT", "MX", "NS", "SOA", "DNSKEY", "HTTPS", "SRV", "CAA", "TYPE65280")
CHAIN_MAX = 8                # Unbound gives up at eleven names
NOERROR, NXDOMAIN = 0, 3


class Validator(Unbound):
    """Unbound with trust anchors; its zones are at authd."""

    def __init__(self, lab, ours, made, keys):
        super().__init__(lab, None)
        self.ours, self.made, self.keys = ours, made, keys

    def write_config(self):
        self.write(self.config_name, self.config())

    def config(self):
        anchors = "".join(f'\ttrust-anchor: "{zone.name} DNSKEY {self.keys[0]}"\n' for zone in self.made if zone.signing)
        stubs = "".join(f'stub-zone:\n\tname: "{zone.name}"\n\tstub-addr: {self.ours.where()}\n' for zone in self.made)
        return f"""server:
	interface: {self.where()}
	outgoing-interface: {self.address}
	username: ""
	chroot: ""
	directory: "{self.folder}"
	pidfile: ""
	use-syslog: no
	logfile: ""
	num-threads: 1
	module-config: "validator iterator"
	val-log-level: 2
	do-ip6: no
	do-not-query-localhost: no
	access-control: 127.0.0.0/8 allow
	target-fetch-policy: "0 0 0 0 0"
	qname-minimisation: no
	aggressive-nsec: no
	harden-below-nxdomain: no
	local-zone: "test." nodefault
	max-udp-size: 4096
{anchors}remote-control:
	control-enable: no
stub-zone:
	name: "."
	stub-addr: {self.ours.where()}
{stubs}"""


def check(lab, seed, pair_count, zone_count, found, log=print):
    """Fills a report: `pairs` counts the answers that were validated."""
    rng = random.Random(seed)
    # NS at a wildcard means nothing to a validator, and Unbound's configuration takes no escapes in names.
    made = [zone for zone in zones.make_zones(rng, zone_count) if "\\" not in zone.name and not zone.refused_by]
    keys = sign.sign_all(lab.folder / "keys", made)
    ours = servers.start_alone(lab, made)
    resolver = Validator(lab, ours, made, keys)
    lab.start(resolver)
    data = run.RoundData(made, ours, ours)
    asked = [question(rng, query) for number, zone in enumerate(made) for query in queries.make_queries(rng, zone, run.share(pair_count, len(made), number))]
    direct, = exchange.exchange([ours], asked)
    chosen = [(query, answer) for query, raw in zip(asked, direct) if raw for answer in [read_answer(raw, query)] if is_in_reach(query, answer, data)]
    resolved, = exchange.exchange([resolver], [query for query, _ in chosen])
    insecure = 0
    for (query, answer), raw in zip(chosen, resolved):
        found.pairs += 1
        theirs = read_answer(raw, query) if raw else None
        if theirs is None or theirs.rcode != answer.rcode:
            what = "nothing" if theirs is None else f"rcode {theirs.rcode}"
            found.problems.append(report.Problem(query, f"Unbound makes {what} of it", answer))
        elif not theirs.flags & FLAG_AD:
            insecure += 1
            if not is_opt_out(query, data):
                found.problems.append(report.Problem(query, "Unbound does not find it authentic", answer))
    log(f"# seed {seed}: Unbound validated {len(chosen)} of {len(asked)} answers, {insecure} of which opt-out leaves insecure")


def question(rng, query):
    """The same name, by TCP and with DO, of a type that Unbound resolves."""
    kind = query.kind if query.kind in map(queries.TYPES.get, TYPES) else queries.TYPES[rng.choice(TYPES)]
    return queries.Query(query.zone, query.name, kind, 1232, True, True, queries.FLAG_RD)


def is_in_reach(query, answer, data):
    """Whether Unbound 1.17 can find and understand it: in one zone, few aliases, no DNAME twice, no name that begins with "*". It does not believe either that a wildcard
    is an empty non-terminal, nor that an alias made from a wildcard leads to nothing."""
    model = data.model_of(query)
    if model is None or not model.is_signed or query.name[:1] == (b"*",) or answer.flags & FLAG_TC or answer.is_referral() or answer.rcode not in (NOERROR, NXDOMAIN):
        return False
    links = chain(answer, query)
    end = names.from_wire(end_of(links, query))
    passed = [names.from_wire(owner) for owner, _ in links]
    made_by_dname = [owner for owner, _ in links if (owner, CNAME) not in data.records]
    if len(links) > CHAIN_MAX or {data.apex_of(name) for name in [*passed, end]} != {model.apex} or end in passed or len(made_by_dname) > 1:
        return False
    if any(record[1] == SOA for record in answer.sections[AUTHORITY]) and not all(name in model.existing for name in passed):
        return False
    wildcard = (b"*",) + model.closest_encloser(end)
    return end in model.existing or wildcard not in model.existing or wildcard in model.types


def is_opt_out(query, data):
    return next(zone for zone in data.made if zone.apex == data.model_of(query).apex).signing == "nsec3-opt-out"
