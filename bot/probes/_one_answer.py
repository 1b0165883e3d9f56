"""An answer ends where it says that it ends: what a server sends after that is no part of it."""

import aiohttp
from aiohttp.client_proto import ResponseHandler

END_OF_HEADERS = b"\r\n\r\n"


class OneAnswer(ResponseHandler):
    """Browsers and curl leave alone what follows an answer. The client's parser takes it for the beginning of another
    one, and forgets the first for it when both come at once: so headers that give a length are parsed by themselves.

    Not where the body comes in chunks: there it may be the answer itself that is broken.
    """

    def data_received(self, data: bytes) -> None:
        head, end, rest = data.partition(END_OF_HEADERS)
        if not rest or b"content-length:" not in head.lower():
            super().data_received(data)
            return
        super().data_received(head + end)
        super().data_received(rest)


class OneAnswerEach(aiohttp.TCPConnector):
    """A new connection for every request: an old one proves little, and a server may close it while it is in use."""

    def __init__(self) -> None:
        super().__init__(force_close=True)
        loop = self._loop

        def protocol() -> ResponseHandler:
            return OneAnswer(loop=loop)

        self._factory = protocol  # type: ignore[assignment]
