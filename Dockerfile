# One image for all processes; the command selects one: dist/apps/{gateway,worker,cas-sandbox,cli}/main.js
#
#   docker build -t watchtogether-auth-server .
#
# No package runs an install script. Health checks are in docker-compose.yml, since each process has a different port.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json rspack.config.mjs tsconfig.json ./
COPY apps apps
COPY libs libs
RUN node node_modules/@nestjs/cli/bin/nest.js build --all

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# The heap is cleaned sooner: with thousands of short-lived requests a second Node would keep twice the memory.
ENV NODE_OPTIONS="--max-semi-space-size=16 --max-old-space-size=512"
WORKDIR /app
# The build holds every dependency, with their licences; package.json says that its files are ES modules.
COPY package.json ./
COPY --from=build /src/dist dist
# Numeric, so that Kubernetes can verify that it is not root. It owns no file in the image and writes to none.
USER 10001:10001
EXPOSE 3000
CMD ["node", "dist/apps/gateway/main.js"]
