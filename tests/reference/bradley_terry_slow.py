"""Bradley and Terry's strengths by Hunter's iteration (2004, MM algorithms), win by win."""

from __future__ import annotations

import math


def strengths(duels: list[tuple[str, str, str]], rounds: int = 5000) -> dict[str, float]:
    """Return log strengths with mean zero; a duel is (a, b, winner), where the winner is '' for a tie."""
    players = sorted({name for duel in duels for name in duel[:2]})
    worth = dict.fromkeys(players, 1.0)
    for _ in range(rounds):
        new = {}
        for player in players:
            wins, meetings = 0.0, 0.0
            for a, b, winner in duels:
                if player in (a, b):
                    wins += 0.5 if winner == "" else float(winner == player)
                    meetings += 1 / (worth[a] + worth[b])
            new[player] = wins / meetings
        middle = math.exp(sum(math.log(value) for value in new.values()) / len(players))
        worth = {player: value / middle for player, value in new.items()}
    return {player: math.log(value) for player, value in worth.items()}
