// Before and after in one frame: a line to drag between them, zoom and pan, by mouse, finger and keyboard. Knows pictures
// and places, nothing of faces or servers.
import {iconButton, make, show} from './dom.js';
import {number, onLanguage, words} from './words.js';

const closest = 8; // at most so many screen pixels for one of the photo
const step = 1.25; // of a zoom key

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

// Fires "view" when zoom or place changed. `stage` is as large as the photo on the screen, scaled and moved with it: what is laid
// over the photo goes there, placed in percents.
export class Compare extends EventTarget {
    #zoom = 1;
    #x = 0; // of the stage's upper left corner, in the frame
    #y = 0;
    #split = 0.5; // of the frame's width
    #photo = {width: 1, height: 1};
    #fit = {width: 1, height: 1}; // the stage unscaled
    #pointers = new Map();
    #drag = null;
    #hasAfter = false;
    enabled = true; // false: another tool has the pointer

    constructor()
    {
        super();
        this.before = make('img', {class: 'before', alt: '', draggable: 'false'});
        this.after = make('img', {class: 'after', alt: '', draggable: 'false', hidden: true});
        this.stage = make('div', {class: 'stage'}, this.before, this.after);
        this.handle = make('div', {class: 'split', role: 'slider', tabindex: 0, 'aria-orientation': 'horizontal',
            'aria-valuemin': 0, 'aria-valuemax': 100, label: 'compare.split', hidden: true},
            make('span', {class: 'split-grip'}));
        this.labels = make('div', {class: 'split-words', hidden: true},
            make('span', {text: 'compare.before'}), make('span', {text: 'compare.after'}));
        this.frame = make('div', {class: 'frame', role: 'group', tabindex: 0, label: 'compare.frame'},
            this.stage, this.labels, this.handle);
        this.percent = make('span', {class: 'percent', plain: ''});
        this.tools = make('div', {class: 'compare-tools', role: 'group', label: 'compare.tools'},
            iconButton('minus', 'compare.out', () => this.zoomBy(1 / step), {bare: true}), this.percent,
            iconButton('plus', 'compare.in', () => this.zoomBy(step), {bare: true}),
            iconButton('fit', 'compare.fit', () => this.fit(), {bare: true}),
            make('button', {type: 'button', class: 'bare', text: 'compare.full', title: 'compare.full.title',
                on: {click: () => this.full()}}));
        this.element = make('div', {class: 'compare'}, make('div', {class: 'compare-view'}, this.frame, this.tools));
        this.#listen();
    }

    // ---------------------------------------------------------------- pictures

    // The photo's own size in pixels; previews may be smaller.
    setPhoto(width, height)
    {
        if (width === this.#photo.width && height === this.#photo.height)
            return;
        this.#photo = {width, height};
        this.fit();
    }

    setBefore(url)
    {
        this.before.src = url;
    }

    // null: there is no result yet.
    setAfter(url)
    {
        this.#hasAfter = Boolean(url);
        if (url)
            this.after.src = url;
        for (const element of [this.after, this.handle, this.labels])
            show(element, this.#hasAfter);
        this.#place();
    }

    // Screen pixels that the photo's longest side takes, for whoever fetches previews.
    get wantedEdge()
    {
        return Math.max(this.#fit.width, this.#fit.height) * this.#zoom * devicePixelRatio;
    }

    // ---------------------------------------------------------------- places

    // From a place on the screen to the photo's pixels.
    toPhoto(clientX, clientY)
    {
        const box = this.frame.getBoundingClientRect();
        const scale = this.#photo.width / (this.#fit.width * this.#zoom);
        return [clamp((clientX - box.left - this.#x) * scale, 0, this.#photo.width),
            clamp((clientY - box.top - this.#y) * scale, 0, this.#photo.height)];
    }

    fit()
    {
        this.#zoom = 1;
        this.layOut();
    }

    // To a photo's pixel a screen pixel.
    full()
    {
        this.zoomTo(this.#photo.width / this.#fit.width / devicePixelRatio);
    }

    zoomBy(factor, at)
    {
        this.zoomTo(this.#zoom * factor, at);
    }

    // at: the place in the frame that stays where it is; its middle otherwise.
    zoomTo(wanted, at = [this.frame.clientWidth / 2, this.frame.clientHeight / 2])
    {
        const most = Math.max(1, closest * this.#photo.width / this.#fit.width);
        const zoom = clamp(wanted, 1, most);
        this.#x = at[0] - (at[0] - this.#x) * zoom / this.#zoom;
        this.#y = at[1] - (at[1] - this.#y) * zoom / this.#zoom;
        this.#zoom = zoom;
        this.#place();
    }

    // Brings a box of the photo into the middle, with room around it.
    lookAt([left, top, right, bottom])
    {
        const {clientWidth: width, clientHeight: height} = this.frame;
        const scale = this.#fit.width / this.#photo.width;
        this.zoomTo(Math.min(width / ((right - left) * scale), height / ((bottom - top) * scale)) / 2.2);
        this.#x = width / 2 - (left + right) / 2 * scale * this.#zoom;
        this.#y = height / 2 - (top + bottom) / 2 * scale * this.#zoom;
        this.#place();
    }

    // After the frame changed its size.
    layOut()
    {
        const {clientWidth: width, clientHeight: height} = this.frame;
        if (!width || !height)
            return;
        const scale = Math.min(width / this.#photo.width, height / this.#photo.height);
        this.#fit = {width: this.#photo.width * scale, height: this.#photo.height * scale};
        this.stage.style.width = `${this.#fit.width}px`;
        this.stage.style.height = `${this.#fit.height}px`;
        this.#place();
    }

    #place()
    {
        const {clientWidth: width, clientHeight: height} = this.frame;
        const held = (at, size, room) => size <= room ? (room - size) / 2 : clamp(at, room - size, 0);
        this.#x = held(this.#x, this.#fit.width * this.#zoom, width);
        this.#y = held(this.#y, this.#fit.height * this.#zoom, height);
        this.stage.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#zoom})`;
        this.stage.style.setProperty('--zoom', this.#zoom);
        const seen = clamp((this.#split * width - this.#x) / (this.#fit.width * this.#zoom), 0, 1);
        this.after.style.clipPath = `inset(0 0 0 ${100 * seen}%)`;
        this.handle.style.left = `${100 * this.#split}%`;
        this.handle.setAttribute('aria-valuenow', Math.round(100 * this.#split));
        this.handle.setAttribute('aria-valuetext', words('compare.split.value', {percent: Math.round(100 * this.#split)}));
        this.frame.classList.toggle('zoomed', this.#zoom > 1);
        this.percent.textContent = `${number(100 * this.#fit.width * this.#zoom * devicePixelRatio / this.#photo.width)} %`;
        this.dispatchEvent(new CustomEvent('view'));
    }

    // The line stays on the photo where the photo is narrower than the frame.
    #setSplit(fraction)
    {
        const {clientWidth: width} = this.frame;
        const shown = this.#fit.width * this.#zoom;
        const least = Math.max(0, this.#x / width), most = Math.min(1, (this.#x + shown) / width);
        this.#split = clamp(fraction, least, most);
        this.#place();
    }

    // ---------------------------------------------------------------- hands

    #listen()
    {
        new ResizeObserver(() => this.layOut()).observe(this.frame);
        onLanguage(() => this.#place());
        this.frame.addEventListener('wheel', (event) => {
            if (!event.ctrlKey && this.#zoom === 1 && event.deltaY > 0)
                return; // at its smallest, the page scrolls on
            event.preventDefault();
            const box = this.frame.getBoundingClientRect();
            this.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)),
                [event.clientX - box.left, event.clientY - box.top]);
        }, {passive: false});
        this.frame.addEventListener('dblclick', () => {
            if (this.enabled)
                this.#zoom > 1 ? this.fit() : this.full();
        });
        this.frame.addEventListener('pointerdown', (event) => this.#down(event));
        this.frame.addEventListener('pointermove', (event) => this.#move(event));
        for (const name of ['pointerup', 'pointercancel'])
            this.frame.addEventListener(name, (event) => this.#up(event));
        this.frame.addEventListener('keydown', (event) => this.#key(event));
    }

    #down(event)
    {
        if (!this.enabled || event.button > 0 || event.target.closest('button'))
            return;
        this.#pointers.set(event.pointerId, event);
        this.frame.setPointerCapture(event.pointerId);
        const moves = this.#zoom > 1 && !this.handle.contains(event.target);
        this.#drag = moves || !this.#hasAfter ? 'pan' : 'split';
        if (this.#drag === 'split' && event.pointerType === 'mouse')
            this.#setSplit((event.clientX - this.frame.getBoundingClientRect().left) / this.frame.clientWidth);
    }

    #move(event)
    {
        const last = this.#pointers.get(event.pointerId);
        if (!last)
            return;
        if (this.#pointers.size === 2)
            this.#pinch(last, event);
        else if (this.#drag === 'split')
            this.#setSplit((event.clientX - this.frame.getBoundingClientRect().left) / this.frame.clientWidth);
        else
            this.#pan(event.clientX - last.clientX, event.clientY - last.clientY);
        this.#pointers.set(event.pointerId, event);
    }

    #up(event)
    {
        this.#pointers.delete(event.pointerId);
        if (!this.#pointers.size)
            this.#drag = null;
    }

    #pinch(last, event)
    {
        const other = [...this.#pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
        const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        const box = this.frame.getBoundingClientRect();
        this.#drag = 'pan';
        this.zoomBy(apart(event, other) / Math.max(1, apart(last, other)),
            [(event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top]);
    }

    #pan(x, y)
    {
        this.#x += x;
        this.#y += y;
        this.#place();
    }

    #key(event)
    {
        if (!this.enabled || event.altKey || event.ctrlKey || event.metaKey)
            return;
        const keys = event.target === this.handle ? this.#splitKeys() : this.#frameKeys();
        if (!keys[event.key])
            return;
        event.preventDefault();
        keys[event.key]();
    }

    #splitKeys()
    {
        const move = (by) => () => this.#setSplit(this.#split + by);
        return {ArrowLeft: move(-0.02), ArrowRight: move(0.02), ArrowDown: move(-0.02), ArrowUp: move(0.02),
            PageDown: move(-0.1), PageUp: move(0.1), Home: move(-1), End: move(1), ...this.#zoomKeys()};
    }

    #frameKeys()
    {
        const move = (x, y) => () => this.#pan(x * 60, y * 60);
        const arrows = {ArrowLeft: move(1, 0), ArrowRight: move(-1, 0), ArrowUp: move(0, 1), ArrowDown: move(0, -1)};
        return {...(this.#zoom > 1 ? arrows : {}), ...this.#zoomKeys()};
    }

    #zoomKeys()
    {
        return {'+': () => this.zoomBy(step), '=': () => this.zoomBy(step), '-': () => this.zoomBy(1 / step),
            0: () => this.fit(), 1: () => this.full()};
    }
}
