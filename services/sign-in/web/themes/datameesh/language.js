// Both languages stand in the page: Dex's templates do not know what the browser asks for. Without this, English.
if (navigator.language.toLowerCase().startsWith('fr')) document.documentElement.lang = 'fr';
