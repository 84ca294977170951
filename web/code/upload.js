// Sending photos: in parts, so that work begins with the first and a broken line costs one part; tried again with growing
// patience; never twice the same.
import {address, get, Problem, problemOf, unreachable} from './api.js';

const partFiles = 24, partBytes = 48 * 1024 * 1024;
const tries = 7; // one after the other, waiting 1, 2, 4, ... seconds between them

// One request with its progress. fetch cannot tell how much of a body has gone.
export function send(url, form, {progress, signal} = {})
{
    return new Promise((resolve, reject) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', url);
        xhr.upload.onprogress = (event) => progress?.(event.loaded);
        xhr.onload = () => xhr.status >= 200 && xhr.status < 300 ? resolve(JSON.parse(xhr.responseText))
                                                                 : reject(problemOf(xhr.status, xhr.responseText));
        xhr.onerror = () => reject(unreachable());
        xhr.onabort = () => reject(new DOMException('', 'AbortError'));
        signal?.addEventListener('abort', () => xhr.abort(), {once: true});
        xhr.send(form);
    });
}

function wait(milliseconds, signal)
{
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds);
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(new DOMException('', 'AbortError'));
        }, {once: true});
    });
}

// A file may have been moved or deleted since it was chosen; then the browser only says that the line broke.
function readable(file)
{
    return file.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

// An upload of photos (as pick.js gives them) as one batch. `run` sends what has not been sent, so it is also how to go on
// after it gave up. Told on the way, where wanted:
//   progress(index, fraction)   of a photo, 0..1
//   gone(index)                 the photo is no longer on this computer; it is left out
//   arrived(batch)              after each part
//   waiting(seconds, problem)   before another try
export class Upload {
    #photos;
    #settings;
    #name;
    #single;
    #told;
    #next = 0;
    #stop = new AbortController();
    batch = null;

    // single: one photo to be worked on by itself, which the list of batches leaves out.
    constructor({photos, settings, name, single = false, told})
    {
        this.#photos = photos;
        this.#settings = settings;
        this.#name = name;
        this.#single = single;
        this.#told = told;
    }

    get finished()
    {
        return this.#next === this.#photos.length;
    }

    // What was sent stays sent.
    abort()
    {
        this.#stop.abort();
    }

    async run()
    {
        while (!this.finished) {
            const part = await this.#part();
            if (part.length) {
                this.batch = await this.#sendPart(part);
                this.#told.arrived?.(this.batch);
            }
        }
        return this.batch;
    }

    // The next photos that fit; #next moves on once they were sent. Those that are gone are passed over for good.
    async #part()
    {
        const part = [];
        let size = 0, end = this.#next;
        for (; end < this.#photos.length && part.length < partFiles; end++) {
            const {file} = this.#photos[end];
            if (part.length && size + file.size > partBytes)
                break;
            if (await readable(file)) {
                part.push(end);
                size += file.size;
            } else {
                this.#told.gone?.(end);
            }
        }
        if (!part.length)
            this.#next = end;
        part.end = end;
        return part;
    }

    #form(part)
    {
        const form = new FormData();
        if (!this.batch) {
            form.append('settings', new Blob([JSON.stringify(this.#settings)], {type: 'application/json'}));
            form.append('name', this.#name);
            if (this.#single)
                form.append('single', '1');
        }
        for (const index of part)
            form.append('photo', this.#photos[index].file, this.#photos[index].path);
        return form;
    }

    #progress(part, loaded)
    {
        for (const index of part) {
            const {size} = this.#photos[index].file;
            this.#told.progress?.(index, size ? Math.max(0, Math.min(1, loaded / size)) : 1);
            loaded -= size;
        }
    }

    async #sendPart(part)
    {
        const before = this.batch?.total ?? 0;
        for (let attempt = 1;; attempt++) {
            try {
                const url = address(this.batch ? `/batches/${this.batch.id}/photos` : '/batches');
                const batch = await send(url, this.#form(part), {
                    progress: (loaded) => this.#progress(part, loaded),
                    signal: this.#stop.signal,
                });
                this.#next = part.end;
                return batch;
            } catch (problem) {
                if (!(problem instanceof Problem) || !problem.mayPass)
                    throw problem;
                const batch = await this.#arrivedAnyway(before, part.length);
                if (batch) {
                    this.#next = part.end;
                    return batch;
                }
                if (attempt === tries)
                    throw problem;
                this.#progress(part, 0);
                this.#told.waiting?.(2 ** (attempt - 1), problem);
                await wait(1000 * 2 ** (attempt - 1), this.#stop.signal);
            }
        }
    }

    // The line may break after the last byte and before the answer: then the photos are there, and are not sent again.
    async #arrivedAnyway(before, count)
    {
        try {
            if (this.batch) {
                const batch = await get(`/batches/${this.batch.id}`);
                return batch.total === before + count ? batch : null;
            }
            const {batches: [newest]} = await get('/batches', {limit: 1});
            return newest?.name === this.#name && newest.total === count ? newest : null;
        } catch {
            return null;
        }
    }
}
