/** What can wait until the reader has a picture. */

/** Call `act` once what has changed until now is on the screen. */
export function afterPaint(act: () => void): void {
  requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the frame is painted
    channel.port1.onmessage = act;
    channel.port2.postMessage(null);
  });
}

let painted = false;

/** Draw below the first screen: after the first picture of the page, at once from then on. */
export function drawBelow(draw: () => void): void {
  if (painted) {
    draw();
    return;
  }
  afterPaint(() => {
    painted = true;
    draw();
  });
}
