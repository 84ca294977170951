// What is said of a photo that is being worked on, the same in all places.
import {words} from './words.js';

// stage: as in the API; faces, done: how many there are and how many are restored.
export function stageWords(stage, faces, done)
{
    if (stage === 'restore' && faces > 0)
        return words('stage.restore.face', {number: Math.min(done + 1, faces), faces});
    return words(`stage.${stage ?? 'waiting'}`);
}
