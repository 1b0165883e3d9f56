// The live connection: frames as they come, and patient reconnection.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10000;

/**
 * Keeps a WebSocket open as `person`. `opened` is called at each (re)connection, because frames may have been missed;
 * `lost` when it broke and a new attempt is waiting. Returns a function that ends it for good.
 */
export function connect(person, { opened, frame, lost }) {
  let socket = null;
  let timer = null;
  let wait = FIRST_WAIT_MS;
  let ended = false;

  function open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/sandbox/live?as=${encodeURIComponent(person)}`);
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      opened();
    });
    socket.addEventListener("message", (event) => !ended && frame(JSON.parse(event.data)));
    socket.addEventListener("close", again);
  }

  function again() {
    if (ended) return;
    lost();
    timer = setTimeout(reopen, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  /** A sandbox that was started anew does not know this page: it is loaded again. */
  async function reopen() {
    const answer = await fetch("/sandbox/state", { method: "HEAD" }).catch(() => null);
    if (ended) return;
    if (answer?.status === 403) location.reload();
    else open();
  }

  function hurry() {
    if (ended || socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    reopen();
  }

  addEventListener("online", hurry);
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    removeEventListener("online", hurry);
    socket.close();
  };
}
