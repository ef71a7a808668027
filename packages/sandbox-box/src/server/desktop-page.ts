/** Shows the desktop, scaled to the window, with mouse, keyboard and clipboard. `?view_only=1` only shows it. */
export const desktopPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox desktop</title>
<style>
  html, body { margin: 0; height: 100%; background: #222; color: #ddd; font: 14px system-ui, sans-serif; }
  #screen { position: absolute; inset: 0; }
  #status { position: absolute; z-index: 1; inset-inline: 0; top: 0; padding: .5em 1em; background: #0008; }
  #status:empty { display: none; }
</style>
<div id="status" role="status">Connecting …</div>
<div id="screen"></div>
<script type="module">
  import RFB from "./core/rfb.js";
  const status = document.getElementById("status");
  const url = new URL("websockify", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  function show() {
    const rfb = new RFB(document.getElementById("screen"), url.href, { shared: true });
    rfb.scaleViewport = true;
    rfb.viewOnly = new URLSearchParams(location.search).has("view_only");
    rfb.addEventListener("connect", () => { status.textContent = ""; rfb.focus(); });
    rfb.addEventListener("clipboard", ({ detail }) => navigator.clipboard?.writeText(detail.text).catch(() => {}));
    rfb.addEventListener("disconnect", () => { status.textContent = "The desktop is away. Trying again …"; setTimeout(show, 1000); });
  }
  show();
</script>
`;
