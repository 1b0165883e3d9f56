// Where things that pop up stand: beside their anchor, inside the window, above everything else.

const GAP = 4;
const EDGE = 8;

/** Shows `popup` in the top layer beside `anchor` and keeps it there; returns a function that takes it away. */
export function popUp(popup, anchor, { align = "start", above = false, sameWidth = false } = {}) {
  popup.setAttribute("popover", "manual");
  // Inside the open dialog: what stands outside of it cannot be clicked.
  (anchor.closest("dialog") ?? document.body).append(popup);
  popup.showPopover();
  const settle = () => place(popup, anchor.getBoundingClientRect(), { align, above, sameWidth });
  settle();
  addEventListener("scroll", settle, true);
  addEventListener("resize", settle);
  return () => {
    removeEventListener("scroll", settle, true);
    removeEventListener("resize", settle);
    popup.remove();
  };
}

function place(popup, box, { align, above, sameWidth }) {
  if (sameWidth) popup.style.minWidth = `${Math.min(box.width, innerWidth - 2 * EDGE)}px`;
  const { width, height } = popup.getBoundingClientRect();
  const under = innerHeight - box.bottom - GAP - EDGE;
  const over = box.top - GAP - EDGE;
  const goesUp = above ? over >= height || over > under : under < height && over > under;
  const left = align === "end" ? box.right - width : box.left;
  popup.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  const top = goesUp ? box.top - GAP - height : Math.min(box.bottom + GAP, innerHeight - height - EDGE);
  popup.style.top = `${Math.max(EDGE, top)}px`;
}
