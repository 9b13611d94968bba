// Runs before anything else of a page, and notes when its reader sees what, in milliseconds since it was asked for.
window.figures = { tasks: [], painted: null };

new PerformanceObserver((list) => {
  for (const task of list.getEntries()) figures.tasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });

// Calls back once the last message ends with these words, is in view, and has been painted.
window.whenPainted = (words, callback) => {
  const isInView = (element) => {
    const box = element.getBoundingClientRect();
    return box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  };
  const look = () => {
    const last = [...document.querySelectorAll("article")].at(-1);
    if (last && last.textContent.includes(words) && isInView(last)) {
      // The next task after a frame begins when that frame is painted.
      requestAnimationFrame(() => setTimeout(() => callback(performance.now())));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
};

addEventListener("DOMContentLoaded", () => {
  whenPainted("The last answer.", (at) => (figures.painted = at));
});
