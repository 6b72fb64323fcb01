/** All pages: a module in this folder registers its page when it is loaded. */

import.meta.glob("./*.ts", { eager: true });

export {};
