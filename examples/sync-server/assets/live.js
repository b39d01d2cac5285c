// How the jobs stand, as it changes. Without this, the page is as it was when it was loaded.
(() => {
  const jobs = document.querySelector("[data-live]");
  if (!jobs || !window.EventSource) return;
  const listen = () => {
    const events = new EventSource(jobs.dataset.live);
    events.onmessage = ({ data }) => {
      const { key, text, progress } = JSON.parse(data);
      const line = [...jobs.querySelectorAll("[data-key]")].find((it) => it.dataset.key === key);
      if (!line) return;
      line.textContent = text;
      let bar = line.parentElement.querySelector("progress");
      if (!progress) return bar?.remove();
      if (!bar) {
        bar = document.createElement("progress");
        bar.setAttribute("aria-hidden", "true");
        line.after(" ", bar);
      }
      if (progress.of) {
        bar.max = progress.of;
        bar.value = progress.done;
      }
    };
  };
  listen();
})();
