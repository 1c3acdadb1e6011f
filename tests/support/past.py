"""Gives an agent another past than it had: what its history.db holds of PINGs and incidents."""
import contextlib
import sqlite3
import time

MINUTE = 60_000  # ms, as the file counts
DAY = 24 * 60  # minutes
VERDICT, FINDING = 0, 2  # daemon/history/record.hpp


def remember(agent, usual_ms, nodes, minutes=DAY, incidents=0):
    """In each of the minutes before now, PING took each of its nodes (so many it must have proved) that long; and so many incidents of
    two minutes, of the profile demo, evenly over them. The agent is started anew with it."""
    agent.stop()
    with contextlib.closing(sqlite3.connect(agent.lab.dir / "agent" / "state" / "history.db")) as database, database:
        known = database.execute("SELECT DISTINCT profile, node FROM ping").fetchall()
        newest, = database.execute("SELECT max(minute) FROM ping").fetchone()
        assert len(known) == nodes and abs(newest / 1000 - time.time()) < 300, (known, newest)
        database.execute("DELETE FROM ping")
        us = int(usual_ms * 1000)
        rows = ((newest - ago * MINUTE, *node, us // 2, us, us * 2) for ago in range(minutes - 1, 0, -1) for node in known)
        database.executemany("INSERT INTO ping(minute,profile,node,count,lost,min_us,median_us,p99_us)"
                             " VALUES(?,?,?,60,0,?,?,?)", rows)
        first, step = newest - (minutes - 5) * MINUTE, (minutes - 5) * MINUTE // max(1, incidents)
        for number in range(incidents):
            began, ended = first + number * step, first + number * step + 2 * MINUTE
            for kind, word, layer, *times in ((VERDICT, "unreachable", "agent", began, ended), (FINDING, "node-unreachable", "tcp", began, ended),
                                              (VERDICT, "reachable", "agent", ended, began + step)):
                database.execute("INSERT INTO span(kind,profile,word,detail,severity,layer,began,ended,open) VALUES(?,'demo',?,'','error',?,?,?,0)",
                                 (kind, word, layer, *times))
    agent.start()
    agent.api.wait_verdict("demo", "reachable", 40)
