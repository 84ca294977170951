// A grid of cards of which only those in sight are there, so that ten thousand photos cost what forty do.
import {make} from './dom.js';

const above = 1.2, below = 1.8; // screens of cards kept beyond what is seen

// `draw(index)` makes a card, an <li>. Cards are as high as `height` and at least `width` wide (CSS pixels); positions follow
// from the index alone.
export class Grid {
    #draw;
    #height;
    #width;
    #gap;
    #count = 0;
    #columns = 1;
    #cards = new Map();
    #frame = 0;

    constructor({draw, height, width, gap})
    {
        this.#draw = draw;
        this.#height = height;
        this.#width = width;
        this.#gap = gap;
        this.element = make('ul', {class: 'grid'});
        const later = () => { this.#frame ||= requestAnimationFrame(() => { this.#frame = 0; this.#lay(); }); };
        addEventListener('scroll', later, {passive: true});
        new ResizeObserver(later).observe(this.element);
    }

    setCount(count)
    {
        this.#count = count;
        for (const index of [...this.#cards.keys()].filter((each) => each >= count))
            this.#drop(index);
        this.#lay();
    }

    // Draws a card anew, where it is in sight; all of them without an index.
    refresh(index = null)
    {
        const indices = index === null ? [...this.#cards.keys()] : [index];
        for (const each of indices)
            if (this.#cards.has(each))
                this.#place(each, true);
        if (index === null)
            this.#lay();
    }

    // The card, where it is in sight.
    at(index)
    {
        return this.#cards.get(index);
    }

    #place(index, anew)
    {
        const old = this.#cards.get(index);
        if (old && !anew)
            return;
        const card = this.#draw(index);
        card.setAttribute('aria-setsize', this.#count);
        card.setAttribute('aria-posinset', index + 1);
        this.#move(card, index);
        this.#cards.set(index, card);
        if (old) {
            const held = old.contains(document.activeElement) ? document.activeElement.dataset.act : null;
            old.replaceWith(card);
            if (held)
                (card.querySelector(`[data-act="${held}"]`) ?? card.querySelector('button'))?.focus();
            return;
        }
        // Cards stand in the order of their index, which is that of the Tab key.
        const next = [...this.element.children].find((other) => Number(other.getAttribute('aria-posinset')) > index + 1);
        this.element.insertBefore(card, next ?? null);
    }

    #drop(index)
    {
        this.#cards.get(index).remove();
        this.#cards.delete(index);
    }

    #move(card, index)
    {
        const wide = (this.element.clientWidth - this.#gap * (this.#columns - 1)) / this.#columns;
        card.style.width = `${wide}px`;
        card.style.height = `${this.#height}px`;
        card.style.transform = `translate(${(index % this.#columns) * (wide + this.#gap)}px, ${
            Math.floor(index / this.#columns) * (this.#height + this.#gap)}px)`;
    }

    #lay()
    {
        const wide = this.element.clientWidth;
        if (!wide)
            return; // in a tab that is not seen
        this.#columns = Math.max(1, Math.floor((wide + this.#gap) / (this.#width + this.#gap)));
        const row = this.#height + this.#gap, rows = Math.ceil(this.#count / this.#columns);
        this.element.style.height = `${Math.max(0, rows * row - this.#gap)}px`;
        const top = -this.element.getBoundingClientRect().top;
        const first = Math.max(0, Math.floor((top - above * innerHeight) / row)) * this.#columns;
        const end = Math.min(this.#count, Math.ceil((top + below * innerHeight) / row) * this.#columns);
        for (const [index, card] of this.#cards) {
            if ((index < first || index >= end) && !card.contains(document.activeElement))
                this.#drop(index);
            else
                this.#move(card, index);
        }
        for (let index = first; index < end; index++)
            this.#place(index, false);
    }
}
