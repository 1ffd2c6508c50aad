import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitCode, moveDefault } from './code.ts';
import { takeApart } from './dump-parts.ts';

/** As mysqldump of MySQL 8.0 writes it, shortened: its headings and triggers look a little different from those of MariaDB. */
const DUMP = `/*M!999999\\- enable the sandbox mode */ 
-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
/*!40101 SET NAMES utf8mb4 */;

--
-- Table structure for table \`t\`
--

CREATE TABLE \`t\` (
  \`id\` int DEFAULT nextval(\`lab\`.\`s\`)
);

--
-- Dumping data for table \`t\`
--

INSERT INTO \`t\` VALUES (1,'-- Final view structure for view'),
(2,'b');
ALTER DATABASE \`lab\` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`app\`@\`%\`*/ /*!50003 TRIGGER \`lab\`.tr BEFORE INSERT ON lab.t FOR EACH ROW BEGIN
-- Dumping routines for database 'lab'
SET NEW.id = 1; END */;;
DELIMITER ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;

--
-- Temporary view structure for view \`v\`
--

/*!50001 CREATE VIEW \`v\` AS SELECT 1 AS \`id\`*/;

--
-- Dumping events for database 'lab'
--
DELIMITER ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`app\`@\`%\`*/ /*!50106 EVENT \`e\` ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO SELECT 'ENABLE' */ ;;
DELIMITER ;

--
-- Dumping routines for database 'lab'
--
DELIMITER ;;
CREATE DEFINER=\`app\`@\`%\` FUNCTION \`f\`() RETURNS int
RETURN 1 ;;
DELIMITER ;

--
-- Final view structure for view \`v\`
--

/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`app\`@\`%\` SQL SECURITY DEFINER */
/*!50001 VIEW \`v\` AS select \`t\`.\`id\` AS \`id\` from \`t\` */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

-- Dump completed
`;

async function apart(pieces: readonly Uint8Array[], rewriteDefault?: (line: string) => string) {
  async function* chunks() {
    yield* pieces;
  }
  const parts = takeApart(chunks(), { rewriteDefault });
  const given: Uint8Array[] = [];
  for await (const chunk of parts.tables) given.push(Buffer.from(chunk));
  return { tables: Buffer.concat(given).toString('utf8'), code: parts.code() };
}

test('rows go on, code is kept, each in its part', async () => {
  const { tables, code } = await apart([Buffer.from(DUMP)]);
  assert.ok(tables.includes("(1,'-- Final view structure for view'),\n(2,'b');"));
  assert.ok(tables.trimEnd().endsWith('-- Dump completed'));
  assert.ok(!/TRIGGER|EVENT|FUNCTION|VIEW|sandbox|ALTER DATABASE/.test(tables), tables);
  assert.match(code.triggers, /TRIGGER `lab`\.tr[\s\S]*END \*\/;;\nDELIMITER ;\n/);
  assert.match(code.events, /EVENT `e`/);
  assert.match(code.routines, /FUNCTION `f`/);
  assert.match(code.views, /VIEW `v` AS select/);
  assert.match(code.placeholders, /CREATE VIEW `v` AS SELECT 1/);
});

test('where the dump is cut into chunks makes no difference', async () => {
  const whole = await apart([Buffer.from(DUMP)]);
  const bytes = Buffer.from(DUMP);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (cuts) => {
      const at = [0, ...cuts.sort((left, right) => left - right), bytes.length];
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      assert.deepEqual(await apart(pieces), whole);
    }),
    { numRuns: 50 },
  );
});

test('code is fitted to another database and another definer, its events sleep', async () => {
  const { code } = await apart([Buffer.from(DUMP)]);
  const fitted = fitCode(code, { database: 'new`one', owner: 'root@localhost', eventsAsleep: true });
  assert.match(fitted.triggers, /^ALTER DATABASE `new``one` CHARACTER SET/);
  assert.match(fitted.triggers, /TRIGGER tr BEFORE INSERT ON t FOR EACH ROW/);
  assert.match(fitted.events, /NOT PRESERVE DISABLE DO SELECT 'ENABLE'/);
  const all = Object.values(fitted).join('');
  assert.equal(all.match(/DEFINER=`root`@`localhost`/g)?.length, 4);
  assert.ok(!all.includes('`app`'));
  assert.equal(fitCode(code, { database: 'lab', eventsAsleep: false }).events, code.events);
});

test('a default that takes values of a sequence is told where the sequence is', async () => {
  const { tables } = await apart([Buffer.from(DUMP)], (line) => moveDefault(line, 'lab', 'copy'));
  assert.ok(tables.includes('nextval(`copy`.`s`)'));
});
