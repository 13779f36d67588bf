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
}
