// Scrolls a log to its beginning, a little each frame, and answers with the most pixels by which a
// message was painted elsewhere than the scrolling had put it. An IntersectionObserver tells where
// things are at the end of a frame; a script that asks in the middle of one sees what is never painted.
const done = arguments[0];
const log = document.querySelector("[role=log]");
const frame = log.getBoundingClientRect();
const isInView = (box) => box.bottom > frame.top + 100 && box.top < frame.bottom;
let seen, expected, worst = 0;

const painted = (element) => new Promise((resolve) => {
    const observer = new IntersectionObserver(([entry]) => {
        observer.disconnect();
        resolve(entry.boundingClientRect);
    });
    observer.observe(element);
});

const step = async () => {
    if (!seen) {
        seen = [...document.querySelectorAll("article")].find((article) => isInView(article.getBoundingClientRect()));
        expected = null;
    }
    const box = await painted(seen);
    if (expected !== null) worst = Math.max(worst, Math.abs(box.top - expected));
    const from = log.scrollTop;
    if (from === 0) return done(worst);
    if (!isInView(box)) {
        seen = null;
    } else {
        const distance = Math.min(150, from);
        log.scrollTop = from - distance;
        expected = box.top + distance;
    }
    requestAnimationFrame(step);
};
step();
