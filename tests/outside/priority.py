# SPDX-License-Identifier: Apache-2.0
"""Who should have traded? The tape is read again, and at each trade everybody who was waiting is asked
whether they were passed over. Knows only the rules of docs/market.md and what the tables say at the end.

For markets in which orders are neither amended nor cancelled while they could trade."""

import collections

Wait = collections.namedtuple("Wait", "bid since until priority excluded")


def _waits(bids, leases):
    """Each stretch of time, in numbers of commands, in which a bid was open: from its submission, or from the end
    of a lease after which it tried again, to its next trade."""
    of_bid = collections.defaultdict(list)
    for lease in leases:
        of_bid[lease["bid"]].append(lease)
    for bid in bids:
        since, nodes = bid["bid"], frozenset()
        for lease in sorted(of_bid[bid["bid"]], key=lambda l: l["lease"]):
            yield Wait(bid, since, lease["lease"], since, nodes)
            since, nodes = lease["version"], nodes | {lease["node"]}
        if bid["state"] == 1 or not of_bid[bid["bid"]]:
            yield Wait(bid, since, None, since, nodes)


def _serves(ask, free, bid, wait):
    return (ask["pool"] == bid["pool"] and ask["account"] != bid["account"] and free >= bid["units"]
            and ask["price"] <= bid["price"] and ask["seconds_min"] <= bid["seconds"] <= ask["seconds_max"]
            and ask["node"] not in wait.excluded)


def _is_live(lease, trade):
    """Did it hold units just before this trade? Units come back in the command that ends a lease, before it trades."""
    ended = lease["state"] in (8, 9) and lease["version"] <= trade // 4096
    return lease["lease"] < trade and not ended


def passed_over(market):
    """Texts, one for each order that was better or earlier than one that traded, and could have."""
    asks = {a["ask"]: a for a in market.rows("SELECT * FROM asks")}
    bids = {b["bid"]: b for b in market.rows("SELECT * FROM bids")}
    leases = market.rows("SELECT lease, bid, ask, node, units, state, version FROM leases")
    trades = market.rows("SELECT * FROM trades ORDER BY trade")
    waits = list(_waits(bids.values(), leases))
    wrong = []
    for trade in trades:
        number, command = trade["trade"], trade["trade"] // 4096
        taken = collections.Counter()
        back = collections.defaultdict(int)  # command in which an ask last got units back: its priority
        for lease in leases:
            if _is_live(lease, number):
                taken[lease["ask"]] += lease["units"]
            elif lease["lease"] < number:
                back[lease["ask"]] = max(back[lease["ask"]], lease["version"])
        free = {ask: a["units"] - taken[ask] for ask, a in asks.items() if ask < command or ask == command}
        mine = next(w for w in waits if w.until == number)
        if trade["bid_rested"]:
            ask = asks[trade["ask"]]
            for w in waits:
                open_now = w.since <= command and (w.until is None or w.until > number)
                better = (-w.bid["price"], w.priority) < (-mine.bid["price"], mine.priority)
                if open_now and better and _serves(ask, free[ask["ask"]], w.bid, w):
                    wrong.append(f"trade {number}: bid {w.bid['bid']} came before bid {mine.bid['bid']}")
        else:
            def rank(ask):
                return asks[ask]["price"], free[ask], max(ask, back[ask])
            for ask in free:
                if asks[ask]["state"] == 1 and rank(ask) < rank(trade["ask"]) and _serves(
                        asks[ask], free[ask], mine.bid, mine):
                    wrong.append(f"trade {number}: ask {ask} came before ask {trade['ask']}")
            for w in waits:
                if w.since < command and (w.until is None or w.until > number) and _serves(
                        asks[trade["ask"]], free[trade["ask"]], w.bid, w):
                    wrong.append(f"trade {number}: bid {w.bid['bid']} waited for what bid {mine.bid['bid']} got")
    return wrong
