"""The pace of now, beside what was normal in the days that the champion has learned from."""

from common.errors import DeliveryTimeError
from console.access.visitor import Visitor
from console.reads import pace
from console.reads.champion import Champions
from console.reads.database_reader import DatabaseReader
from console.reads.pace import RegionPace


class ChampionPace:
    """Reads the table delivery_pace."""

    def __init__(self, champions: Champions, read: DatabaseReader) -> None:
        self._champions = champions
        self._read = read

    async def of(self, visitor: Visitor) -> list[RegionPace]:
        """Every region's pace; while the champion is not known, all days count as normal. DatabaseAway."""
        try:
            learned_until = (await self._champions.of(visitor)).learned_until
        except DeliveryTimeError:
            learned_until = None
        return await self._read(lambda session: pace.present(session, learned_until))
