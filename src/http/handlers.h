/* handlers.h: what the routes lead to; each is described in web/openapi.json. */
#ifndef GPEN_HTTP_HANDLERS_H
#define GPEN_HTTP_HANDLERS_H

#include "http/room.h"

/* api_batches.c, api_new_batch.c */
http_handler handle_list_batches, handle_create_batch, handle_get_batch, handle_delete_batch, handle_pause_batch,
    handle_resume_batch, handle_cancel_batch, handle_retry_batch, handle_add_photos, handle_clean_batches;

/* api_zip.c */
http_handler handle_zip_batch;

/* api_items.c */
http_handler handle_list_items, handle_get_item, handle_retry_item, handle_get_input, handle_get_output,
    handle_get_thumbnail, handle_get_face, handle_get_preview, handle_render_item, handle_apply_item;

/* api_models.c */
http_handler handle_list_models, handle_import_model, handle_choose_models, handle_pull_model;

/* api_settings.c */
http_handler handle_describe_settings, handle_list_presets, handle_save_preset, handle_delete_preset;

/* api_system.c */
http_handler handle_events, handle_get_system, handle_change_system, handle_login, handle_healthz, handle_readyz,
    handle_metrics;

/* api_page.c */
http_handler handle_page, handle_openapi, handle_asset;

#endif
