// Marking a face that was missed: a box drawn over the photo with pointer or keys. Its own file, because while it is in hand
// it takes the photo's frame over from compare.js.
import {make, show} from './dom.js';

const least = 16; // photo's pixels a side: the smallest crop worth restoring

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// Fires "marked" with the box [left, top, right, bottom] in the photo's pixels, and "ended" when it is put down.
export class Mark extends EventTarget {
    #compare;
    #photo = null;
    #box = null;
    #from = null;

    constructor(compare)
    {
        super();
        this.#compare = compare;
        this.draft = make('div', {class: 'draft', role: 'group', tabindex: 0, label: 'mark.draft', hidden: true});
        this.bar = make('div', {class: 'mark-bar', hidden: true}, make('span', {text: 'mark.how'}),
            make('button', {type: 'button', class: 'primary', text: 'mark.add', on: {click: () => this.#add()}}),
            make('button', {type: 'button', text: 'mark.cancel', on: {click: () => this.end()}}));
        compare.stage.append(this.draft);
        compare.element.append(this.bar);
        this.draft.addEventListener('keydown', (event) => this.#key(event));
        compare.frame.addEventListener('pointerdown', (event) => this.#down(event));
        compare.frame.addEventListener('pointermove', (event) => this.#move(event));
        compare.frame.addEventListener('pointerup', () => { this.#from = null; });
    }

    get active()
    {
        return this.#photo !== null;
    }

    // Takes the frame over, with a box in the middle of what is seen.
    begin(width, height)
    {
        this.#photo = {width, height};
        const view = this.#compare.frame.getBoundingClientRect();
        const [x, y] = this.#compare.toPhoto(view.left + view.width / 2, view.top + view.height / 2);
        const side = Math.min(width, height) / 4;
        this.#put([x - side / 2, y - side / 2, x + side / 2, y + side / 2]);
        this.#taken(true);
        this.draft.focus();
    }

    end()
    {
        if (!this.active)
            return;
        this.#taken(false);
        this.#photo = null;
        this.dispatchEvent(new CustomEvent('ended'));
    }

    #taken(taken)
    {
        this.#compare.enabled = !taken;
        this.#compare.frame.classList.toggle('marking', taken);
        show(this.draft, taken);
        show(this.bar, taken);
    }

    #put([left, top, right, bottom])
    {
        const {width, height} = this.#photo;
        const wide = clamp(right - left, least, width), high = clamp(bottom - top, least, height);
        const x = clamp(left, 0, width - wide), y = clamp(top, 0, height - high);
        this.#box = [x, y, x + wide, y + high];
        const {style} = this.draft;
        style.left = `${100 * x / width}%`;
        style.top = `${100 * y / height}%`;
        style.width = `${100 * wide / width}%`;
        style.height = `${100 * high / height}%`;
    }

    #add()
    {
        const box = this.#box.map(Math.round);
        this.end();
        this.dispatchEvent(new CustomEvent('marked', {detail: box}));
    }

    #down(event)
    {
        if (!this.active || event.button > 0)
            return;
        this.#from = this.#compare.toPhoto(event.clientX, event.clientY);
        this.#compare.frame.setPointerCapture(event.pointerId);
    }

    #move(event)
    {
        if (!this.active || !this.#from)
            return;
        const [x, y] = this.#compare.toPhoto(event.clientX, event.clientY), [a, b] = this.#from;
        this.#put([Math.min(a, x), Math.min(b, y), Math.max(a, x), Math.max(b, y)]);
    }

    // Arrows move the box; with shift they move its lower right corner.
    #key(event)
    {
        const by = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
        if (event.key === 'Enter')
            this.#add();
        else if (event.key === 'Escape')
            this.end();
        else if (by)
            this.#nudge(by, event.shiftKey);
        else
            return;
        event.preventDefault();
        event.stopPropagation();
    }

    #nudge([x, y], corner)
    {
        const pace = Math.max(1, Math.round(Math.min(this.#photo.width, this.#photo.height) / 60));
        const [left, top, right, bottom] = this.#box;
        const still = corner ? 0 : 1;
        this.#put([left + x * pace * still, top + y * pace * still, right + x * pace, bottom + y * pace]);
    }
}
