import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Nothing inline: the page's Content-Security-Policy allows files alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
});
