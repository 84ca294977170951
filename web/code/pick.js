// Photos from wherever a person takes them: a chooser, a drop of files and folders, the clipboard.
const pictureEnding = /\.(jpe?g|jfif|png|webp|tiff?|gif|heic|heif|avif|bmp)$/i;

// A photo on its way: the browser's file and the path that its result keeps.
function photoOf(file, path)
{
    return {file, path: path || file.webkitRelativePath || file.name};
}

function isPicture({file, path})
{
    return file.type.startsWith('image/') || pictureEnding.test(path);
}

// What is no picture (notes, thumbnails' databases, ...) is counted and left out.
function sorted(photos)
{
    const pictures = photos.filter(isPicture);
    pictures.sort((a, b) => a.path.localeCompare(b.path, undefined, {numeric: true}));
    return {photos: pictures, others: photos.length - pictures.length};
}

function children(folder)
{
    const reader = folder.createReader();
    const some = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    return (async () => {
        const all = [];
        for (let entries = await some(); entries.length; entries = await some())
            all.push(...entries);
        return all;
    })();
}

// A folder that cannot be read is passed over like one that is empty.
async function walk(entry, photos)
{
    if (entry.isFile) {
        const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
        if (file)
            photos.push(photoOf(file, entry.fullPath.replace(/^\//, '')));
        return;
    }
    for (const child of await children(entry).catch(() => []))
        await walk(child, photos);
}

export function ofChooser(input)
{
    const files = [...input.files];
    input.value = ''; // the same photo may be chosen again
    return sorted(files.map((file) => photoOf(file)));
}

export async function ofDrop(transfer)
{
    // Entries must be taken before the first wait: the list is empty afterwards.
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.length)
        return sorted([...transfer.files].map((file) => photoOf(file)));
    const photos = [];
    for (const entry of entries)
        await walk(entry, photos);
    return sorted(photos);
}

export function ofClipboard(event)
{
    return sorted([...event.clipboardData.files].map((file) => photoOf(file)));
}

// Makes an area take drops; `take` gets what ofDrop gives.
export function takeDrops(area, take)
{
    let depth = 0; // dragging over a child leaves the parent
    const over = (inside) => {
        depth = inside ? depth + 1 : Math.max(0, depth - 1);
        area.classList.toggle('dropping', depth > 0);
    };
    const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
    area.addEventListener('dragenter', (event) => { if (carriesFiles(event)) over(true); });
    area.addEventListener('dragleave', (event) => { if (carriesFiles(event)) over(false); });
    area.addEventListener('dragover', (event) => { if (carriesFiles(event)) event.preventDefault(); });
    area.addEventListener('drop', async (event) => {
        if (!carriesFiles(event))
            return;
        event.preventDefault();
        depth = 0;
        area.classList.remove('dropping');
        take(await ofDrop(event.dataTransfer));
    });
}
