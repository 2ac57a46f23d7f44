// Every text on the page whose contrast with what is behind it is under WCAG AA.
() => {
  const parse = (colour) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].map((it) => it / 255);
  };
  const over = (front, back) => front.slice(0, 3).map((it, at) => it * front[3] + back[at] * (1 - front[3]));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = (element) => {
    const stack = [];
    for (let it = element; it; it = it.parentElement) stack.push(parse(getComputedStyle(it).backgroundColor));
    return stack.reverse().reduce((under, it) => over(it, under), [1, 1, 1]);
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const it = node.parentElement;
    if (!node.data.trim() || !it.checkVisibility() || it.closest(".visually-hidden, .skip, script, option")) continue;
    const style = getComputedStyle(it);
    const under = back(it);
    const ink = light(over(parse(style.color), under));
    const ground = light(under);
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push([node.data.trim().slice(0, 40), ratio.toFixed(2), style.color]);
  }
  return poor;
}
