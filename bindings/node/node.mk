# node.mk - the packages for npm.  Included by bindings.mk.
#
#   make platform PLATFORM=linux-x86_64    (for each platform)
#   make npm
#
# leaves build/npm/sqlite-distilbert-*.tgz of all that lies in build/platforms.

.PHONY: npm

npm: ## tarballs of the npm packages, of build/platforms, to build/npm
	@found=$$(for file in build/platforms/*/distilbert.*; do \
	  case $$file in *.so|*.dylib|*.dll) \
	    echo "$$(basename $$(dirname $$file))=$$file";; esac; done); \
	[ -n "$$found" ] || { \
	  echo "nothing in build/platforms: make platform PLATFORM=..." >&2; \
	  exit 1; }; \
	node bindings/node/pack.mjs build/npm $$found
