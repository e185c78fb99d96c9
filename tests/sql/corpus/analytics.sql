-- Queries of the kinds that decision-support suites, reports and notebooks have.
WITH customer_total_return AS (SELECT sr_customer_sk AS ctr_customer_sk, sr_store_sk AS ctr_store_sk,
    sum(sr_return_amt) AS ctr_total_return FROM store_returns, date_dim
  WHERE sr_returned_date_sk = d_date_sk AND d_year = 2000 GROUP BY sr_customer_sk, sr_store_sk)
SELECT c_customer_id FROM customer_total_return ctr1, store, customer
WHERE ctr1.ctr_total_return > (SELECT avg(ctr_total_return) * 1.2 FROM customer_total_return ctr2
    WHERE ctr1.ctr_store_sk = ctr2.ctr_store_sk)
  AND s_store_sk = ctr1.ctr_store_sk AND s_state = 'TN' AND ctr1.ctr_customer_sk = c_customer_sk
ORDER BY c_customer_id LIMIT 100;

WITH wscs AS (SELECT sold_date_sk, sales_price FROM (SELECT ws_sold_date_sk sold_date_sk, ws_ext_sales_price sales_price
      FROM web_sales UNION ALL SELECT cs_sold_date_sk sold_date_sk, cs_ext_sales_price sales_price FROM catalog_sales) x),
  wswscs AS (SELECT d_week_seq, sum(CASE WHEN (d_day_name = 'Sunday') THEN sales_price ELSE NULL END) sun_sales,
    sum(CASE WHEN (d_day_name = 'Monday') THEN sales_price ELSE NULL END) mon_sales FROM wscs, date_dim
    WHERE d_date_sk = sold_date_sk GROUP BY d_week_seq)
SELECT d_week_seq1, round(sun_sales1 / sun_sales2, 2), round(mon_sales1 / mon_sales2, 2)
FROM (SELECT wswscs.d_week_seq d_week_seq1, sun_sales sun_sales1, mon_sales mon_sales1 FROM wswscs, date_dim
    WHERE date_dim.d_week_seq = wswscs.d_week_seq AND d_year = 2001) y,
  (SELECT wswscs.d_week_seq d_week_seq2, sun_sales sun_sales2, mon_sales mon_sales2 FROM wswscs, date_dim
    WHERE date_dim.d_week_seq = wswscs.d_week_seq AND d_year = 2001 + 1) z
WHERE d_week_seq1 = d_week_seq2 - 53 ORDER BY d_week_seq1;

SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit
FROM (SELECT 'store channel' AS channel, concat('store', s_store_id) AS id, sales, returns, profit FROM ssr
  UNION ALL SELECT 'catalog channel', concat('catalog_page', cp_catalog_page_id), sales, returns, profit FROM csr) x
GROUP BY ROLLUP (channel, id) ORDER BY channel NULLS FIRST, id NULLS LAST LIMIT 100;

SELECT i_category, i_class, i_brand, sum(sales), rank() OVER (PARTITION BY i_category ORDER BY sum(sales) DESC) rk,
  grouping(i_category) + grouping(i_class) AS lochierarchy
FROM sales GROUP BY i_category, i_class, i_brand WITH ROLLUP
ORDER BY lochierarchy DESC, CASE WHEN lochierarchy = 0 THEN i_category END, rk;

SELECT * FROM (SELECT i_manager_id, sum(ss_sales_price) sum_sales,
    avg(sum(ss_sales_price)) OVER (PARTITION BY i_manager_id) avg_monthly_sales
  FROM item, store_sales, date_dim, store WHERE ss_item_sk = i_item_sk AND ss_sold_date_sk = d_date_sk
    AND d_month_seq IN (1200, 1200 + 1, 1200 + 2) GROUP BY i_manager_id, d_moy) tmp1
WHERE CASE WHEN avg_monthly_sales > 0 THEN abs(sum_sales - avg_monthly_sales) / avg_monthly_sales ELSE NULL END > 0.1
ORDER BY i_manager_id, avg_monthly_sales, sum_sales LIMIT 100;

SELECT s_store_name, sum(CASE WHEN (sr_returned_date_sk - ss_sold_date_sk <= 30) THEN 1 ELSE 0 END) AS `30 days`,
  sum(CASE WHEN (sr_returned_date_sk - ss_sold_date_sk > 30) AND (sr_returned_date_sk - ss_sold_date_sk <= 60) THEN 1
    ELSE 0 END) AS `31-60 days`
FROM store_sales, store_returns GROUP BY s_store_name ORDER BY `30 days`;

SELECT substr(r_reason_desc, 1, 20), avg(ws_quantity), avg(wr_refunded_cash) FROM web_sales ws JOIN web_returns wr
  ON ws.ws_item_sk = wr.wr_item_sk AND ws.ws_order_number = wr.wr_order_number INNER JOIN reason ON true
GROUP BY r_reason_desc ORDER BY substr(r_reason_desc, 1, 20), avg(ws_quantity) LIMIT 100;

SELECT count(*) FROM ((SELECT DISTINCT c_last_name, c_first_name, d_date FROM store_sales, date_dim, customer
    WHERE store_sales.ss_sold_date_sk = date_dim.d_date_sk)
  INTERSECT (SELECT DISTINCT c_last_name, c_first_name, d_date FROM catalog_sales, date_dim, customer)
  EXCEPT (SELECT DISTINCT c_last_name, c_first_name, d_date FROM web_sales, date_dim, customer)) cool_cust;

SELECT promotions, total, cast(promotions AS decimal(15, 4)) / cast(total AS decimal(15, 4)) * 100
FROM (SELECT sum(ss_ext_sales_price) promotions FROM store_sales, promotion) promotional_sales,
  (SELECT sum(ss_ext_sales_price) total FROM store_sales) all_sales ORDER BY promotions, total;

SELECT a.ca_state state, count(*) cnt FROM customer_address a, customer c, store_sales s
WHERE a.ca_address_sk = c.c_current_addr_sk AND i.i_current_price > 1.2 *
  (SELECT avg(j.i_current_price) FROM item j WHERE j.i_category = i.i_category)
GROUP BY a.ca_state HAVING count(*) >= 10 ORDER BY cnt LIMIT 100;

SELECT user_id, event_time, sum(is_new) OVER (PARTITION BY user_id ORDER BY event_time ROWS BETWEEN UNBOUNDED PRECEDING
  AND CURRENT ROW) AS session_id
FROM (SELECT user_id, event_time, CASE WHEN unix_timestamp(event_time) - unix_timestamp(lag(event_time)
  OVER (PARTITION BY user_id ORDER BY event_time)) > 1800 THEN 1 ELSE 0 END AS is_new FROM events);

SELECT id, day, avg(v) OVER w AS moving, sum(v) OVER (w2) AS total, first_value(v) IGNORE NULLS OVER w FROM t
WINDOW w AS (PARTITION BY id ORDER BY day RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND CURRENT ROW),
  w2 AS (PARTITION BY id);

SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY ts DESC NULLS LAST) AS rn FROM changes) WHERE rn = 1;

SELECT id, v FROM t QUALIFY row_number() OVER (PARTITION BY id ORDER BY v DESC) <= 3 ORDER BY id, v;

SELECT k, collect_list(struct(ts, v)) AS history, array_sort(collect_set(v), (a, b) -> CASE WHEN a < b THEN -1
  WHEN a > b THEN 1 ELSE 0 END) FROM t GROUP BY k;

SELECT t.id, e.item, e.pos FROM orders t LATERAL VIEW OUTER posexplode(t.items) e AS pos, item
LATERAL VIEW explode(map('a', 1)) m AS k, v WHERE e.item.qty > 1;

SELECT * FROM sales PIVOT (sum(amount) AS total, count(1) AS n FOR (year, quarter) IN ((2023, 1) AS y23q1, (2023, 2)));

SELECT * FROM wide UNPIVOT INCLUDE NULLS (value FOR name IN (jan AS `January`, feb, mar)) AS u WHERE u.value > 0;

SELECT * FROM wide UNPIVOT ((lo, hi) FOR kind IN ((a_lo, a_hi) AS a, (b_lo, b_hi) AS b));

SELECT dept, filter(collect_list(salary), s -> s > 10) AS big, aggregate(collect_list(salary), 0D, (acc, x) -> acc + x,
  acc -> acc / 2), transform(sequence(1, 5), (x, i) -> x * i), exists(array(1, 2), x -> x > 1) FROM emp GROUP BY dept;

WITH RECURSIVE tree (id, parent, depth) AS (SELECT id, parent, 0 FROM nodes WHERE parent IS NULL
  UNION ALL SELECT n.id, n.parent, t.depth + 1 FROM nodes n JOIN tree t ON n.parent = t.id)
SELECT * FROM tree ORDER BY depth, id;

SELECT c.name, o.total FROM customer c, LATERAL (SELECT sum(amount) AS total FROM orders o WHERE o.cid = c.id) o;

SELECT c.name, o.* FROM customer c LEFT JOIN LATERAL (SELECT * FROM orders o WHERE o.cid = c.id ORDER BY ts LIMIT 3) o
  ON TRUE;

SELECT a.*, b.* EXCEPT (id, `odd name`) FROM a FULL OUTER JOIN b USING (id) NATURAL LEFT JOIN c CROSS JOIN d
  LEFT ANTI JOIN e ON a.id <=> e.id;

SELECT region, product, sum(x) FILTER (WHERE y > 1 AND z IS NOT NULL) AS fx, count(DISTINCT a, b),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC), mode() WITHIN GROUP (ORDER BY y), approx_percentile(x,
  array(0.5, 0.9), 100), max_by(name, x), any_value(y IGNORE NULLS), last(y) FROM t
GROUP BY GROUPING SETS ((region, product), (region), ()), product;

SELECT cube_a, cube_b, grouping_id(cube_a, cube_b) FROM t GROUP BY CUBE (cube_a, (cube_b, x)), y HAVING grouping_id() < 3;

SELECT date_trunc('MONTH', ts) AS m, count_if(status = 'ok') / count(*) AS rate, date_format(min(ts), 'yyyy-MM-dd')
FROM logs WHERE ts >= current_date - INTERVAL 30 DAYS AND ts < TIMESTAMP '2024-01-01 00:00:00+02:00'
  AND lower(path) RLIKE '^/api/v[0-9]+' AND NOT (agent ILIKE '%bot%' OR agent LIKE ANY ('%crawl%', '%spider%'))
GROUP BY ALL ORDER BY ALL;

SELECT CASE x WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END, if(a > b, a, b), nullif(a, 0) FROM t;

SELECT x:: int, cast(y AS array<struct<a: int, b: map<string, decimal(10, 2)>>>), try_cast(z AS timestamp_ntz),
  s.field.inner[0]['key'].leaf, -x, ~y, !z, + 1 FROM t WHERE a & b | c ^ d << 2 >> 1 = 3 AND x DIV 2 % 3 = 1;

FROM clicks SELECT url, count(*) GROUP BY url HAVING count(*) > 10 SORT BY url;

SELECT /*+ BROADCAST(b), REPARTITION(10, a.id) */ /*+ COALESCE(2) */ a.id FROM a JOIN b ON a.id = b.id
DISTRIBUTE BY a.id SORT BY a.id DESC;

SELECT * FROM a TABLESAMPLE (10 PERCENT) REPEATABLE (42) x JOIN b TABLESAMPLE (5 ROWS) ON x.id = b.id;

SELECT explode(from_json(js, 'array<struct<a:int>>')) AS e, get_json_object(js, '$.a[0]') FROM raw;

SELECT col1, col2 FROM VALUES (1, 'a'), (2, NULL), (3, "c") WHERE col1 > 1;

SELECT t.a AS `A b`, 'it''s', "dq", r'\d+\.', 'x' 'y', 1e-3, 1.5E10, .5, 5., 1L, 2S, 3Y, 4.0F, 5D, 1.10BD, X'1aF',
  DATE'2020-02-29', TIMESTAMP_NTZ '2020-01-01 10:00:00', INTERVAL '1-2' YEAR TO MONTH, INTERVAL 1 WEEK 2 DAYS,
  INTERVAL -'3' HOURS, INTERVAL '1 02:03:04.5' DAY TO SECOND, NULL, TRUE, false FROM t;

SELECT /* a /* nested */ comment */ 1 -- and to the end
  , 2 AS `b``c`;

(SELECT a FROM t ORDER BY a LIMIT 1) UNION (SELECT b FROM u) INTERSECT ALL SELECT c FROM v ORDER BY 1 LIMIT 10 OFFSET 5;

VALUES (1, 2), (3, 4) UNION ALL TABLE t ORDER BY col1;

SELECT * FROM range(10) r JOIN explode(array(1, 2)) e ON r.id = e.col WHERE r.id IN (1, 2) AND (r.id, e.col) NOT IN
  (SELECT a, b FROM s) AND r.id BETWEEN -1 AND +5;

SELECT * FROM (a JOIN (b LEFT JOIN c ON b.x = c.x) ON a.y = b.y) JOIN d USING (z, w);

SELECT count(*), count(1), sum(DISTINCT x), extract(DOW FROM d), trim(BOTH 'x' FROM s), trim(LEADING FROM s),
  position('a' IN s), overlay(s PLACING 'x' FROM 2 FOR 1), substring(s, 2), date_add(d, 3), dateadd(DAY, 3, d),
  timestampdiff(MONTH, a, b), datediff(a, b), left(s, 2), right(s, 2), current_user, user, current_timestamp FROM t;

SELECT name, stack(2, 'a', a, 'b', b) AS (k, v), inline(arr) AS (p, q), struct(a, b AS c).c, named_struct('x', 1).x FROM t;

SELECT `spark_catalog`.`default`.t.x, t.`y.z` FROM spark_catalog.default.t WHERE t.x IS DISTINCT FROM t.`y.z`
  AND b IS NOT TRUE AND c IS UNKNOWN;

SELECT a, (SELECT max(b) FROM u WHERE u.id = t.id) AS m, EXISTS (SELECT 1 FROM v) FROM t;

SELECT date, timestamp, year, month, day, hour, type, value, key, order_id, left_side, count, rank, first, last, user_id,
  comment, data, map, array, struct, table, partition, view, index, row, rows, range, `select` FROM t;

SELECT id AS from_id, t.from FROM t AS left_t WHERE t.order = 1 AND t.group = 2;

FROM t |> WHERE a > 1 |> EXTEND a + 1 AS b |> AGGREGATE sum(b) AS s GROUP BY c |> ORDER BY s DESC |> LIMIT 3
  |> JOIN u USING (c) |> SELECT c, s |> AS x |> SET s = s + 1 |> DROP c |> UNION ALL (SELECT 1);

SELECT t1.k, coalesce(t1.v, t2.v, 0) v FROM t1 FULL JOIN t2 ON t1.k = t2.k AND t1.d BETWEEN t2.f AND t2.u
WHERE coalesce(t1.d, t2.f) >= to_date('2024-01-31', 'yyyy-MM-dd') CLUSTER BY k;
