/* The routes. Their own file because it is the table of contents of the API. */
#include "http/routes.h"

#include "http/handlers.h"

#define API "/api/v1"

const http_route routes[] = {
    {"GET", API "/batches", handle_list_batches, .body = BODY_NONE},
    {"POST", API "/batches", handle_create_batch, .body = BODY_BATCH},
    {"POST", API "/batches/clean", handle_clean_batches, .body = BODY_JSON},
    {"GET", API "/batches/{batch}", handle_get_batch, .body = BODY_NONE},
    {"DELETE", API "/batches/{batch}", handle_delete_batch, .body = BODY_MAY_JSON},
    {"POST", API "/batches/{batch}/pause", handle_pause_batch, .body = BODY_MAY_JSON},
    {"POST", API "/batches/{batch}/resume", handle_resume_batch, .body = BODY_MAY_JSON},
    {"POST", API "/batches/{batch}/cancel", handle_cancel_batch, .body = BODY_MAY_JSON},
    {"POST", API "/batches/{batch}/retry", handle_retry_batch, .body = BODY_MAY_JSON},
    {"POST", API "/batches/{batch}/photos", handle_add_photos, .body = BODY_BATCH},
    {"GET", API "/batches/{batch}/items", handle_list_items, .body = BODY_NONE},
    {"GET", API "/batches/{batch}/zip", handle_zip_batch, .body = BODY_NONE},
    {"GET", API "/items/{item}", handle_get_item, .body = BODY_NONE},
    {"POST", API "/items/{item}/retry", handle_retry_item, .body = BODY_MAY_JSON},
    {"GET", API "/items/{item}/input", handle_get_input, .body = BODY_NONE},
    {"GET", API "/items/{item}/output", handle_get_output, .body = BODY_NONE},
    {"GET", API "/items/{item}/thumbnail", handle_get_thumbnail, .body = BODY_NONE},
    {"GET", API "/items/{item}/preview", handle_get_preview, .body = BODY_NONE},
    {"GET", API "/items/{item}/faces/{name}", handle_get_face, .body = BODY_NONE},
    {"POST", API "/items/{item}/render", handle_render_item, .body = BODY_JSON},
    {"POST", API "/items/{item}/apply", handle_apply_item, .body = BODY_JSON},
    {"GET", API "/events", handle_events, .body = BODY_NONE},
    {"GET", API "/models", handle_list_models, .body = BODY_NONE},
    {"POST", API "/models", handle_import_model, .body = BODY_MODEL},
    {"PUT", API "/models/chosen", handle_choose_models, .body = BODY_JSON},
    {"POST", API "/models/{name}/pull", handle_pull_model, .body = BODY_MAY_JSON},
    {"GET", API "/settings", handle_describe_settings, .body = BODY_NONE},
    {"GET", API "/presets", handle_list_presets, .body = BODY_NONE},
    {"PUT", API "/presets/{name}", handle_save_preset, .body = BODY_JSON},
    {"DELETE", API "/presets/{name}", handle_delete_preset, .body = BODY_MAY_JSON},
    {"GET", API "/system", handle_get_system, .body = BODY_NONE},
    {"PUT", API "/system", handle_change_system, .body = BODY_JSON},
    {"POST", "/login", handle_login, .body = BODY_JSON, .open = true},
    {"GET", "/healthz", handle_healthz, .body = BODY_NONE, .open = true},
    {"GET", "/readyz", handle_readyz, .body = BODY_NONE, .open = true},
    {"GET", "/metrics", handle_metrics, .body = BODY_NONE},
    {"GET", "/openapi.json", handle_openapi, .body = BODY_NONE, .open = true},
    {"GET", "/", handle_page, .body = BODY_NONE, .open = true},
    {"GET", "/assets/{rest}", handle_asset, .body = BODY_NONE, .open = true},
    {0},
};
