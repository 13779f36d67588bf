"""What each error code means: `secops explain CODE` prints it. One line a code, `zh|en`, in the order of the codes."""

CODES: dict[str, str] = {
    # files people write (scope.yaml_source)
    "E1210": "文件读不了|the file cannot be read",
    "E1211": "文件过大|the file is too large",
    "E1212": "不是合格的 YAML（语法、编码或空文件）|not well-formed YAML (syntax, encoding or empty)",
    "E1213": "YAML 超出限度（嵌套、数量或别名）|YAML beyond the bounds (depth, count or aliases)",
    "E1214": "YAML 用了不接受的写法（标签、合并键、复合键）|YAML that is not accepted (tags, merge keys, complex keys)",
    "E1215": "同一个键写了两次|the same key is written twice",
    "E1216": "不认识的键|an unknown key",
    "E1217": "值的类型或内容不对|a value of the wrong type or content",
    "E1218": "缺少必填的键|a required key is missing",
    # alerts and sinks (hall.sinks, hall.flows.alert, deliver.sinks)
    "E6001": "未知或未配置的告警去向|an unknown sink, or one that is not configured",
    "E6002": "筛选条件的取值不认识|an unknown word in a filter of letters",
    "E6003": "没有说明要重试哪些告警|retry was asked for without saying what",
    "E6101": "Elasticsearch 地址里写了用户名或口令|the Elasticsearch URL holds a user or password",
    "E6102": "Elasticsearch 地址写得不对|the Elasticsearch URL is no http(s)://host:port",
    "E6103": "拒绝用明文 http 把口令发往另一台机器|a password would go to another machine over plain http",
    "E6104": "读不到口令或密钥文件|the file that holds the secret cannot be read",
    "E6105": "没有配置 Elasticsearch 地址|no Elasticsearch URL is configured",
    "E6201": "Elasticsearch 暂不可用，告警仍在队列中|Elasticsearch cannot be used now; the alerts stay queued",
    "E6202": "告警文件写不进去，告警仍在队列中|the alerts file cannot be written; the alerts stay queued",
    # reports (deliver.reports, hall.flows.report)
    "E6301": "不认识的报表格式|an unknown report format",
    "E6302": "报表文件写不出来|the report cannot be written",
}
