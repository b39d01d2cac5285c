(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const input = document.getElementById("wanted");
  const count = document.getElementById("found");
  const records = [...document.querySelectorAll("article.record")];
  const texts = records.map((record) => record.textContent.toLowerCase());
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    records.forEach((record, at) => {
      const found = words.every((word) => texts[at].includes(word));
      record.hidden = !found;
      if (found) shown += 1;
    });
    count.textContent = `${shown} of ${records.length} shown`;
  };
  form.hidden = false;
  input.addEventListener("input", show);
  show();
})();
