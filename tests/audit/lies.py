# SPDX-License-Identifier: Apache-2.0
"""Lies, each with the code under which the auditor must find it, and the row at which it must.

A lie changes an export of a real market as somebody would who can write to its database and holds its keys:
sums and leaves are put right, so that only what was really decided gives it away. Most return the row that
lies; the auditor must name the command behind which it stands."""

import json

ADMIT = "admit"  # where the finding need not name a command


def settled(row):
    return row["state"] == 8 and row["charge"] > 0


def moved(export, lines, fits=lambda row: True, nth=0):
    """A command with that many lines."""
    return export.one("commands", lambda r: len(r["amounts"]) == lines and fits(r), nth)


def settlement(export, fits=lambda line: True):
    """The exit of a run that was charged, with its lines by account."""
    lease = export.one("leases", lambda r: settled(r) and r["fee"] > 0 and r["insurance"] == 0 and fits(r))
    row = export.one("commands", lambda r: '"kind":"lease-exit"' in r["payload"]
                     and json.loads(r["payload"])["lease"] == lease["lease"])
    return row, lease


def shift(row, place, other, micros):
    """Move money from one line to another: the entry still sums to zero."""
    at, to = row["accounts"].index(place), row["accounts"].index(other)
    row["amounts"][at] -= micros
    row["amounts"][to] += micros
    return row


def charge_more(x):
    row, lease = settlement(x, lambda r: r["buyer"] < r["provider"])
    return shift(row, lease["buyer"] * 4, lease["provider"] * 4, 7)


def pay_less(x):
    row, lease = settlement(x, lambda r: r["buyer"] < r["provider"])
    row["amounts"][row["accounts"].index(lease["provider"] * 4)] -= 3
    row["accounts"].append(99_999 * 4)
    row["amounts"].append(3)
    return row


def take_fee(x):
    row, lease = settlement(x)
    return shift(row, lease["provider"] * 4, 2 * 4, 1)


def rob_insurance(x):
    lease = x.one("leases", lambda r: settled(r) and r["insurance"] > 0)
    row = x.one("commands", lambda r: '"kind":"lease-exit"' in r["payload"]
                and json.loads(r["payload"])["lease"] == lease["lease"])
    return shift(row, 3 * 4, lease["provider"] * 4, 1)


def hold_less(x):
    row = moved(x, 2, lambda r: '"kind":"submit-job"' in r["payload"])
    return shift(row, row["accounts"][1], row["accounts"][0], 1)


def double(row):
    row["amounts"] = [2 * a for a in row["amounts"]]
    return row


def set_line(row, at, micros):
    row["amounts"][at] += micros
    return row


def other_account(x):
    row = moved(x, 2, lambda r: '"kind":"credit"' in r["payload"])
    row["accounts"][1] += 4
    return row


def clear_entry(row):
    row["accounts"], row["amounts"] = [], []
    return row


def extra_entry(x):
    row = x.command("put-node")
    row["accounts"], row["amounts"] = [2 * 4, row["account"] * 4], [-5, 5]
    return row


def bucket(x):
    row = moved(x, 2, lambda r: '"kind":"submit-job"' in r["payload"])
    row["accounts"][1] += 1
    return row


def drop(x, row):
    x.drop(row)
    return row


def drop_command(x):
    row = x.command("cancel-job")
    for other in x.rows:
        if other.table == "foreign_entries" and other["seq"] == row["seq"]:
            x.drop(other)
    x.drop(row)
    return row


def repeat_command(x):
    row = x.command("credit")
    last = x.rows[x.rows.index(x.of(row["seq"] + 1)) - 1]
    x.put_behind(last, "commands", **{c: row[c] for c in x.columns["commands"]})
    return ADMIT


def swap(x, first, second):
    for column in x.columns["commands"]:
        if column not in ("seq", "at"):
            first[column], second[column] = second[column], first[column]
    return first


def swap_keyed(x):
    """Two commands in each other's place, all else as it was."""
    keyed = {r["seq"]: r for r in x.all("commands", lambda r: r["body"] != "")}
    first = next(seq for seq in keyed if seq + 1 in keyed)
    return swap(x, keyed[first], keyed[first + 1])


def swap_credit(x):
    """A credit before the account that it is for, with leaves put right."""
    credit = x.command("credit")
    opened = x.of(credit["seq"] - 1)
    swap(x, opened, credit)
    x.leave(credit)
    return x.leave(opened)


def out_of_order(x):
    row = x.command("credit", 1)
    x.rows.remove(row)
    at = next(i for i, r in enumerate(x.rows) if r.table == "commands" and r["seq"] == row["seq"] - 2)
    x.rows.insert(at, row)
    return ADMIT


def early(x):
    """A clock command that came before its time."""
    row = x.command("lease-ripe")
    row["at"] = x.of(row["seq"] - 1)["at"]
    return x.leave(row)


def backwards(x):
    row = x.command("submit-job", 2)
    row["at"] = x.of(row["seq"] - 1)["at"] - 1_000
    return x.leave(row)


def reuse_key(x):
    first = x.command("submit-job", 0)
    keyed = x.all("commands", lambda r: r["account"] == first["account"] and r["body"] != "" and r["seq"] > first["seq"])
    second = keyed[0]
    second["key"], second["body"] = first["key"], first["body"]
    return second


def without_digest(x):
    row = x.command("submit-job")
    row["body"] = ""
    return row


def blank(row):
    row["payload"] = row["payload"].replace(",", ", ", 1)
    return row


def leaf(x):
    row = x.command("accept-lease")
    row["leaf"] = row["leaf"][::-1]
    return row


def change_secretly(x):
    row = x.command("submit-job")
    row["payload"] = row["payload"].replace('"budget":', '"budget":1', 1)
    return row


def fork(x):
    """Another history of the same money: a job that never ran had another image. The root tells."""
    x.rows = [r for r in x.rows if not r.table.startswith("log_")]  # of what was signed only the root is known
    traded = {t["bid"] for t in x.all("trades")}
    never = next(b for b in x.all("bids") if b["bid"] not in traded)
    row = x.of(never["bid"])
    x.say(row, more={**json.loads(row["payload"])["more"], "image": "docker.io/library/other:1"})
    return ADMIT


def another_entry(x):
    """The log shows another time of a command."""
    row = x.one("log_entries", nth=1)
    bundle = bytes.fromhex(row["entries"])
    at = bundle.index(b'"at":"2') + 7
    row["entries"] = (bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1:]).hex()
    return ADMIT


def hidden_entry(x):
    """A settlement is not in the log, and its piece says so."""
    for row in x.all("log_entries"):
        entries, rest = [], bytes.fromhex(row["entries"])
        while rest:
            n = int.from_bytes(rest[:2], "big")
            entries.append(rest[:2 + n])
            rest = rest[2 + n:]
        for at, entry in enumerate(entries[:-1]):
            if b'"settlement"' in entry:
                row["entries"], row["n"] = b"".join(entries[:at] + entries[at + 1:]).hex(), row["n"] - 1
                return ADMIT
    raise AssertionError("no piece has a settlement with something behind it")


def unsigned(row):
    text, _, line = row["note"].rpartition(" ")
    row["note"] = text + " " + line[:8] + ("B" if line[8] == "A" else "A") + line[9:]
    return row


# ---- receipts ------------------------------------------------------------------------------------


def exits(x):
    return x.all("commands", lambda r: '"kind":"lease-exit"' in r["payload"])


def tell(x, row, **more):
    said = json.loads(row["payload"])
    return x.say(row, more={**said["more"], **more})


def forge_receipt(x, row, story=None, tag="bourse-receipt-v1", machine=None, **members):
    """Another receipt in the place of an exit's; signed anew when the node's key is in the liar's hands."""
    said = json.loads(row["payload"])["more"]
    receipt = {**json.loads(said["receipt"]), **members}
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if machine is None and story is not None:
        machine = next(m for m in story.machines if m.node_id == receipt["node_id"])
    signature = machine.signing.sign(tag, text) if machine else said["signature"]
    return tell(x, row, receipt=text, signature=signature)


def swap_receipts(x, _story):
    first, second = exits(x)[0], exits(x)[3]
    one, two = json.loads(first["payload"])["more"], json.loads(second["payload"])["more"]
    x.say(second, more=one)
    return x.say(first, more=two)


def other_machine(x, story):
    row = exits(x)[0]
    node = json.loads(json.loads(row["payload"])["more"]["receipt"])["node_id"]
    machine = next(m for m in story.machines if m.node_id != node)
    return forge_receipt(x, row, machine=machine, node_public_key=machine.signing.public)


def no_receipt(x, _story):
    return x.say(exits(x)[0], more=None)


def countersigned(x, change):
    """A party's receipt of which the market's document says something else."""
    documents = [json.loads(d) for d in x.receipts]
    change(documents)
    x.receipts = [json.dumps(d) for d in documents]
    return ADMIT


def change_document(index, old, new):
    def change(documents):
        said = documents[index]["countersignature"]
        assert old in said["document"]
        said["document"] = said["document"].replace(old, new, 1)
    return change


def change_agents_word(documents):
    documents[0]["agent_signature"] = documents[1]["agent_signature"]


def swap_texts(documents):
    documents[0]["receipt"], documents[1]["receipt"] = documents[1]["receipt"], documents[0]["receipt"]


def raise_budget(x):
    bid = x.one("bids", lambda r: r["attempts"] == 0 and r["state"] == 1)
    row = x.of(bid["bid"])
    x.say(row, budget=json.loads(row["payload"])["budget"] + 1)
    return bid


def of_the_future(x):
    row = x.one("leases", lambda r: r["state"] < 4).add("version", 1_000_000)
    x.drop(row)
    x.rows.insert(x.rows.index(x.one("balances")), row)
    return row


# ---- the table -----------------------------------------------------------------------------------


def put(table, column, value, fits=lambda row: True, nth=0):
    """That column of such a row is another."""
    def lie(x):
        row = x.one(table, fits, nth)
        row[column] = value(row[column]) if callable(value) else value
        return row
    return lie


def more(n=1):
    return lambda value: value + n


def turn(value):
    return not value


def taken(x, table, fits=lambda row: True):
    return drop(x, x.one(table, fits))


def ran(row):
    return row["state"] == 8


LIES = [
    # the log
    ("sequence", "a command is removed", drop_command),
    ("sequence", "a command stands twice", repeat_command),
    ("sequence", "a command stands before its time", out_of_order),
    ("leaf", "two commands in each other's place", swap_keyed),
    ("refused", "two commands in each other's place, their leaves too", swap_credit),
    ("time", "a command is older than the one before", backwards),
    ("refused", "a clock command before its time", early),
    ("refused", "a command says another lease", lambda x: x.say(x.command("accept-lease"), lease=4097)),
    ("payload", "a blank in a command", lambda x: x.leave(blank(x.command("credit")))),
    ("payload", "a member that there is not", lambda x: x.say(x.command("credit"), colour=3)),
    ("payload", "a member is missing", lambda x: x.say(x.command("credit"), amount=None)),
    ("command-account", "a row names another account", put("commands", "account", more(), lambda r: r["account"] > 15)),
    ("command-kind", "a row is of another kind", put("commands", "kind", 10, lambda r: '"kind":"lease-ready"' in r["payload"])),
    ("command-status", "another answer", put("commands", "status", 202)),
    ("key-form", "a keyed request without its digest", without_digest),
    ("key-reused", "one key for two commands", reuse_key),
    ("leaf", "another leaf", leaf),
    ("leaf", "a command is changed, its leaf is not", change_secretly),
    ("tree", "a fork that keeps all money", fork),
    ("log-entry", "the public log shows another command", another_entry),
    ("log-entry", "the public log lacks a settlement", hidden_entry),
    ("log-checkpoint", "a piece of the public log is removed", lambda x: drop(x, x.one("log_entries", nth=1))),
    ("log-index", "a piece of the public log stands elsewhere", put("log_entries", "first", more(), nth=1)),
    ("log-checkpoint", "a checkpoint of another root", put("log_checkpoints", "root", lambda v: v[::-1])),
    ("log-signature", "a checkpoint that the log has not signed", lambda x: unsigned(x.one("log_checkpoints"))),
    ("identity", "another market's key", put("market_identity", "public_key", "00" * 32)),
    ("pool", "a pool without a tick", put("pools", "tick", 0)),
    ("posting-amount", "a limit is lowered after the match",
     lambda x: x.say(x.of(x.one("trades", lambda r: not r["own"] and not r["displacing"])["bid"]), limit=1000)),
    # the ledger
    ("entry-unbalanced", "a line of another amount", lambda x: set_line(moved(x, 2), 0, 1)),
    ("posting-amount", "an entry of twice the amount", lambda x: double(x.command("credit"))),
    ("posting-amount", "a hold of a micro less", hold_less),
    ("posting-account", "a credit to somebody else", other_account),
    ("posting-missing", "an entry is removed", lambda x: clear_entry(x.command("submit-job"))),
    ("posting-extra", "money moves with a node", extra_entry),
    ("entry-form", "a bucket that there is not", bucket),
    ("posting-fee", "a fee rounded up", take_fee),
    ("posting-insurance", "the insurance fund is robbed", rob_insurance),
    ("posting-charge", "a buyer is charged more", charge_more),
    ("posting-payout", "a provider is paid less", pay_less),
    ("foreign-entry", "an entry is hidden from whom it pays", lambda x: taken(x, "foreign_entries")),
    ("foreign-entry", "an entry is shown to a stranger", put("foreign_entries", "account", more(1))),
    ("balance-available", "a balance is raised", put("balances", "available", more(1_000_000), lambda r: r["account"] > 15)),
    ("balance-held", "a hold is forgotten", put("balances", "held", 0, lambda r: r["held"] > 0)),
    ("balance-row", "a balance is removed", lambda x: taken(x, "balances", lambda r: r["account"] > 15)),
    # the tape
    ("trade-missing", "a trade is removed", lambda x: taken(x, "trades")),
    ("trade-extra", "a trade stands twice", lambda x: x.put_behind(x.one("trades"), "trades", **{c: x.one("trades")[c] for c in x.columns["trades"]})),
    ("trade-price", "a trade at another price", put("trades", "price", more(1000), lambda r: not r["own"])),
    ("trade-units", "a trade of more units", put("trades", "units", more())),
    ("trade-time", "a trade at another time", put("trades", "at", more(1))),
    ("trade-pool", "a trade of another pool", put("trades", "pool", 2)),
    ("trade-party", "a trade with another ask", put("trades", "ask", more())),
    ("trade-party", "a trade of another bid", put("trades", "bid", more())),
    ("trade-side", "the other side rested", put("trades", "bid_rested", turn)),
    ("trade-own", "an own trade on the tape", put("trades", "own", turn, lambda r: r["own"])),
    ("trade-displacing", "a displacement is hidden", put("trades", "displacing", turn, lambda r: r["displacing"])),
    ("trade-id", "a trade has another place in its command", put("trades", "trade", more(9))),
    # accounts, nodes, pools
    ("account-row", "an account is older", put("accounts", "at", more(-1))),
    ("account-row", "an account is removed", lambda x: taken(x, "accounts")),
    ("standing", "a tier that nobody gave", put("standings", "tier", 3, lambda r: r["tier"] == 2)),
    ("standing", "a quota is lifted", put("standings", "quota", 0, lambda r: r["quota"] == 4)),
    ("node-row", "a node is removed", lambda x: taken(x, "nodes")),
    ("node-party", "a node of somebody else", put("nodes", "account", more())),
    ("node-inventory", "a node has more memory", put("nodes", "memory_bytes", more())),
    ("node-rating", "a node is verified that is not", put("nodes", "verified", 1, lambda r: r["verified"] == 0)),
    ("node-traits", "a node lies elsewhere", put("nodes", "region", 5)),
    ("node-strikes", "a strike is forgiven", put("nodes", "strikes", 0, lambda r: r["strikes"] > 0)),
    ("node-health", "a node was ill", put("nodes", "ill_us", 1_000_000)),
    ("node-drain", "a node drains", put("nodes", "drain", 1_900_000_000_000_000)),
    ("pool-reference", "the reference is painted", put("pool_states", "recent", lambda v: [v[0] + 1000] + v[1:], lambda r: r["recent"])),
    ("pool-state", "a call is set", put("pool_states", "call", 1_900_000_000_000_000)),
    # orders
    ("ask-row", "an ask is removed", lambda x: taken(x, "asks")),
    ("ask-price", "an ask at another price", put("asks", "price", more(1000))),
    ("ask-units", "free units are hidden", put("asks", "free", more(-1), lambda r: r["free"] > 0)),
    ("ask-state", "an ask is withdrawn", put("asks", "state", 3, lambda r: r["state"] == 1)),
    ("ask-priority", "an ask jumps the line", put("asks", "priority", more(-1))),
    ("ask-time", "an ask stands longer", put("asks", "until", more(1_000_000))),
    ("ask-reason", "an ask ended otherwise", put("asks", "reason", 11, lambda r: r["reason"] == 4)),
    ("ask-party", "an ask of somebody else", put("asks", "account", more())),
    ("ask-terms", "an ask takes longer runs", put("asks", "seconds_max", more())),
    ("bid-row", "a bid is removed", lambda x: taken(x, "bids")),
    ("bid-limit", "a bid with another limit", put("bids", "price", more(1000))),
    ("bid-budget", "a job with another budget", put("bids", "budget", more())),
    ("bid-budget", "a budget is raised in the command too",
     raise_budget),
    ("bid-spent", "a job has spent less", put("bids", "spent", more(-1), lambda r: r["spent"] > 0)),
    ("bid-hold", "a hold is too small", put("bids", "hold", more(-1), lambda r: r["hold"] > 0)),
    ("bid-state", "a failed job is settled", put("bids", "job", 5, lambda r: r["job"] == 6)),
    ("bid-attempts", "an attempt is forgotten", put("bids", "attempts", more(-1), lambda r: r["attempts"] > 0)),
    ("bid-reason", "a job ended otherwise", put("bids", "reason", 2, lambda r: r["reason"] == 1)),
    ("bid-excluded", "a node that failed is forgiven", put("bids", "excluded", [], lambda r: r["excluded"])),
    ("bid-terms", "a gang of another size", put("bids", "terms", lambda v: [v[0], v[1] + 1] + v[2:], lambda r: len(r["terms"]) > 1)),
    ("bid-priority", "a bid jumps the line", put("bids", "priority", more(-1))),
    ("bid-time", "a bid stands longer", put("bids", "expires", more(1_000_000))),
    ("offer", "a sealed offer at another price", put("offers", "price", more(1000))),
    # leases
    ("lease-row", "a lease is removed", lambda x: taken(x, "leases", lambda r: r["state"] < 4)),
    ("lease-state", "a lease is void that was paid", put("leases", "state", 9, ran)),
    ("lease-time", "a lease was ready later", put("leases", "ready", more(1_000_000), lambda r: r["ready"] > 0)),
    ("lease-time", "a lease ended later", put("leases", "ended", more(1), ran)),
    ("lease-price", "a lease at another price", put("leases", "price", more(1000), ran)),
    ("lease-billed", "a second more is billed", put("leases", "seconds_billed", more(), settled)),
    ("lease-seconds", "the node signed fewer seconds", put("leases", "seconds_signed", more(-1), lambda r: r["seconds_signed"] > 0)),
    ("lease-seconds", "the market saw more seconds", put("leases", "seconds_observed", more(), ran)),
    ("lease-charge", "a charge rounded up", put("leases", "charge", more(), settled)),
    ("lease-fee", "a fee rounded up", put("leases", "fee", more(), settled)),
    ("lease-payout", "a payout rounded down", put("leases", "payout", more(-1), settled)),
    ("lease-insurance", "insurance is kept", put("leases", "insurance", 0, lambda r: r["insurance"] > 0)),
    ("lease-hold", "a lease holds more", put("leases", "hold", more())),
    ("lease-exit-code", "a failure becomes a success", put("leases", "exit_code", 0, lambda r: r["exit_code"] == 3)),
    ("lease-reason", "a loss becomes an end", put("leases", "reason", 1, lambda r: r["reason"] == 11)),
    ("lease-fault", "a provider's fault is the buyer's", put("leases", "fault", 1, lambda r: r["fault"] == 2)),
    ("lease-party", "a lease pays somebody else", put("leases", "provider", more())),
    ("lease-terms", "a lease of more units", put("leases", "units", more())),
    ("lease-epoch", "another epoch", put("leases", "epoch", 2)),
    ("lease-own", "an own lease is sold", put("leases", "own", turn, lambda r: r["own"])),
    ("lease-displaces", "a displacer pays no base", put("leases", "base", 0, lambda r: r["base"] > 0)),
    ("lease-checkpoint", "a checkpoint that nobody told", put("leases", "seconds_kept", 1, ran)),
    ("lease-command", "another command ended it", put("lease_commands", "lease", more(), lambda r: r["kind"] == 14)),
    ("lease-command", "a command is hidden from its lease", lambda x: taken(x, "lease_commands")),
    ("version", "a row of a command to come", of_the_future),
    # payouts
    ("payout-amount", "a payout of more", put("payouts", "amount", more())),
    ("payout-state", "a payout is paid that failed", put("payouts", "state", 2, lambda r: r["state"] == 3)),
    ("payout-party", "a payout to somebody else", put("payouts", "account", more())),
    ("payout-row", "a payout is removed", lambda x: taken(x, "payouts")),
    ("payout-time", "a payout at another time", put("payouts", "at", more(1))),
]


# Those of receipts get the machines' keys too.
RECEIPTS = [
    ("receipt-lease", "the receipts of two exits are swapped", swap_receipts),
    ("receipt-signature", "seconds are changed in a receipt", lambda x, s: forge_receipt(x, exits(x)[0], seconds=59)),
    ("receipt-signature", "a signature of something else", lambda x, s: forge_receipt(x, exits(x)[0], s, tag="bourse-tick-v1")),
    ("receipt-key", "another machine signs", other_machine),
    ("receipt-missing", "an exit without a receipt", no_receipt),
    ("receipt-form", "a receipt that is none", lambda x, s: tell(x, exits(x)[0], receipt="{}")),
    ("receipt-market", "a receipt of another market", lambda x, s: forge_receipt(x, exits(x)[0], s, market_id="mkt_" + "0" * 26)),
    ("receipt-lease", "a receipt of another lease", lambda x, s: forge_receipt(x, exits(x)[0], s, lease_id=json.loads(json.loads(exits(x)[3]["payload"])["more"]["receipt"])["lease_id"])),
    ("receipt-lease", "a receipt of another epoch", lambda x, s: forge_receipt(x, exits(x)[0], s, epoch=2)),
    ("receipt-work", "a receipt of more units", lambda x, s: forge_receipt(x, exits(x)[0], s, units=7)),
    ("receipt-work", "a receipt of another image", lambda x, s: forge_receipt(x, exits(x)[0], s, image="docker.io/library/other:1")),
    ("receipt-seconds", "a receipt of more seconds", lambda x, s: forge_receipt(x, exits(x)[0], s, seconds=59)),
    ("receipt-end", "a receipt of another exit code", lambda x, s: forge_receipt(x, exits(x)[0], s, exit_code=9)),
    ("receipt-end", "a receipt of another reason", lambda x, s: forge_receipt(x, exits(x)[0], s, reason="out-of-memory")),
    ("countersign-signature", "a countersigned fee is changed", lambda x, s: countersigned(x, change_document(0, '"fee":"0.', '"fee":"1.'))),
    ("countersign-receipt", "a countersigned receipt is swapped", lambda x, s: countersigned(x, swap_texts)),
    ("countersign-receipt", "another signature in the document", lambda x, s: countersigned(x, change_agents_word)),
    ("countersign-form", "a countersigned receipt that is none", lambda x, s: countersigned(x, lambda d: d[0].pop("countersignature"))),
]
