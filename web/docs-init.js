// Starts the documentation page: Swagger UI over /openapi.json, asking nobody else for anything.
"use strict";

// "Bearer <token>" pasted into the field that adds the word itself: send the word once.
function sendBearerOnce(request) {
  const value = request.headers && request.headers.Authorization;

  if (value) {
    request.headers.Authorization = value.replace(/^Bearer\s+Bearer\s+/i, "Bearer ");
  }
  return request;
}

SwaggerUIBundle({
  dom_id: "#docs",
  url: "/openapi.json",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelRendering: "example",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  requestInterceptor: sendBearerOnce,
});
