/* A face for programs. Its own file because enhance and detect must write the same. */
#include "cli/face_json.h"

void face_json(json_writer *json, const gpen_face *face)
{
    json_array(json, "box");
    for (int i = 0; i < 4; i++)
        json_number(json, NULL, (double)face->box[i]);
    json_array_end(json);
    json_number(json, "score", (double)face->score);
    json_array(json, "landmarks");
    for (int i = 0; i < 5; i++) {
        json_array(json, NULL);
        json_number(json, NULL, (double)face->landmarks[i][0]);
        json_number(json, NULL, (double)face->landmarks[i][1]);
        json_array_end(json);
    }
    json_array_end(json);
}
