/*
 * The files that the program serves from itself, taken into it as they are. Where they are found is
 * the assembler's include path (-I): web/ and web/node_modules/swagger-ui-dist/.
 */
    .macro asset name, file
    .global orgd_asset_\name
    .hidden orgd_asset_\name
    .type orgd_asset_\name, %object
    .balign 16
orgd_asset_\name:
    .incbin "\file"
    .size orgd_asset_\name, . - orgd_asset_\name
    .global orgd_asset_\name\()_end
    .hidden orgd_asset_\name\()_end
orgd_asset_\name\()_end:
    .endm

    .section .rodata, "a", %progbits
    asset openapi, "openapi.json"
    asset docs_page, "docs.html"
    asset docs_init, "docs-init.js"
    asset favicon, "favicon.svg"
    asset swagger_css, "swagger-ui.css"
    asset swagger_bundle, "swagger-ui-bundle.js"

    .section .note.GNU-stack, "", %progbits
