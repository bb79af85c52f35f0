// Rows of the same table, with its indexes, one prepared insert and one commit each: no HTTP, no queue, no audit trail.
import pg from 'pg';

const TABLE = 'single_row_inserts';
const INSERT = {
  name: 'insert',
  text: `INSERT INTO ${TABLE} (id, generation, status, products, created_by, deadline_at, due_at)
         VALUES ($1, 1, 'pending', '{stream}', 'key:bench', now() + interval '15 min', now() + interval '10 s')`,
};

export async function singleRowInserts({ lab, product, connections, total }) {
  await product.sql(`CREATE TABLE IF NOT EXISTS ${TABLE} (LIKE sessions INCLUDING ALL)`);
  const { dataDir } = await lab.postgres();
  let serial = 0;
  return {
    name: 'single rows',
    unit: '/s',
    servers: [{ name: 'postgres', directory: dataDir }],
    async run(measured) {
      await product.sql(`TRUNCATE ${TABLE}`);
      const clients = Array.from({ length: connections }, () => new pg.Client(product.databaseUrl));
      await Promise.all(clients.map((client) => client.connect()));
      let left = total;
      const loop = async (client) => {
        while (left-- > 0) await client.query({ ...INSERT, values: [`ses_${serial++}`] });
      };
      const { seconds, cpu } = await measured(() => Promise.all(clients.map(loop)));
      await Promise.all(clients.map((client) => client.end()));
      return { value: total / seconds, operations: total, cpu };
    },
  };
}
