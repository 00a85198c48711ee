window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#page",
    deepLinking: true,
    validatorUrl: null,
    onComplete: () => { document.title = document.querySelector(".info .title")?.firstChild?.textContent ?? "API"; },
});
