"""What an outcome says of each rule and result: in Chinese, with the next step."""

from collections.abc import Mapping

_MEND = "按要求改正后，只把这一行重新导入。"
_REFILE = "把文件另存为 CSV（UTF-8）或 XLSX 后，重新签署、重新导入。"
_COMPARE = "与登记内容核对；确需变更的，以新的决定（日期更晚）重新导入。"

UNKNOWN_RULE = ("不符合要求", _MEND)

RESULTS: Mapping[str, tuple[str, str]] = {
    "issued": ("已颁发", ""),
    "changed": ("已换发为新版本", ""),
    "unchanged": ("与已有证照一致，未变更", ""),
    "would_issue": ("将会颁发（试运行，未颁发）", "确认后以正式导入重新提交。"),
    "would_change": ("将会换发（试运行，未换发）", "确认后以正式导入重新提交。"),
    "missing": ("本平台有，文件中没有；只作提示，未变更", "如已失效，请用证照状态变更接口办理。"),
}

RULES: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", _MEND),
    "unknown": ("没有这一项", _MEND),
    "form": ("格式不对", _MEND),
    "pattern": ("不符合规定格式", _MEND),
    "choice": ("不在可选范围内", _MEND),
    "too_long": ("过长", _MEND),
    "control_character": ("含有控制字符或不可见字符", "删去不可见字符后，只把这一行重新导入。"),
    "not_nfc": ("不是规范的文字编码形式（NFC）", "重新录入这一格后，只把这一行重新导入。"),
    "check_digit": ("校验位不对", "对照营业执照核对统一社会信用代码；确属登记机关误发的，请运营方登记后再导入。"),
    "reversed": ("截止早于起始", _MEND),
    "end_required": ("须有截止日期", _MEND),
    "end_forbidden": ("不应有截止日期", _MEND),
    "natural_person": ("相对人是自然人，没有统一社会信用代码", "本平台只收市场主体的证照，这一行不必再导入。"),
    "differs": ("与已有证照不同（换发后以文件为准）", "核对无误后以正式导入重新提交。"),
    "type_unknown": (
        "证书名称、机关和事项对不上目录中的任何证照",
        "留在待定队列；请运营方在证照目录补充名称后重新导入。",
    ),
    "type_unclear": ("证书名称、机关和事项对应多种证照，无法区分", "留在待定队列；写明事项名称后重新导入。"),
    "status_in_file": ("文件中的状态为无效", "本平台不据文件变更状态；请颁发机构用证照状态变更接口办理。"),
    "another_holder": ("这个编号的证照登记在另一持证主体名下", "核对证照编号和统一社会信用代码。"),
    "certificate_ended": ("这个证照已经失效（撤回、撤销、吊销、注销等）", "不能由文件恢复；重新许可的，用新编号颁发。"),
    "sealed_by_body": ("颁发机构已自行颁发，公示归集的内容不变更它", "如有出入，请告知颁发机构。"),
    "not_later": ("内容与已有证照不同，但决定日期不更晚", _COMPARE),
    "chain_busy": ("这个证照正在办理另一事项", "稍后只把这一行重新导入。"),
    "number_taken": ("证照编号已被另一证照使用", "核对证照编号和替代的证照标识。"),
    "previous_unknown": ("没有要替代的证照", "核对替代的证照标识。"),
    "previous_of_another": ("要替代的证照属于另一主体或另一类型", "核对替代的证照标识。"),
    "previous_not_current": ("要替代的证照不是现行版本", "查出现行版本的标识后，只把这一行重新导入。"),
    "transition_not_allowed": ("现在的状态不允许换发", _COMPARE),
    "body_unknown": ("颁发机构未在本平台登记", "填写颁发机构的统一社会信用代码，或请运营方登记。"),
    "body_other": ("颁发机构不是签署文件的机构", "每个颁发机构各自签署自己的文件。"),
    "body_not_yours": ("颁发机构不属于本部门", "由该机构所属部门的业务系统提交。"),
    "body_not_in_charge": ("颁发机构不主管这类证照", "核对颁发机构和证照类型。"),
    "body_ended": ("颁发机构已撤销或已由其他机构承接", "由承接的机构签署。"),
    "device_elsewhere": ("这台设备登记在另一证照或另一主体名下", "核对设备编号、证照编号和统一社会信用代码。"),
    "subject_unknown": ("没有登记这个场所或设备", "核对编号，或先登记场所、设备。"),
    "sealing_failed": ("未能加盖印章", "请运营方检查印章密钥后，只把这一行重新导入。"),
    "cell_count": ("这一行的格数与表头不同", _MEND),
    "cell_too_long": ("单元格过长", _MEND),
    "nul": ("含有空字符", _MEND),
    "quote": ("引号不成对", _MEND),
    "formula": ("单元格是公式", "粘贴为数值后，只把这一行重新导入。"),
    "error_value": ("单元格是错误值", _MEND),
    "number_as_text": ("数字过长，表格软件已丢失精度", "把这一列设为文本格式，重新填写后导入。"),
    "date": ("日期不对", _MEND),
    "column_unknown": ("不认识的列，或两列是同一内容", "按样式改正表头后，重新签署、重新导入整个文件。"),
    "file_encoding": ("文件既不是 UTF-8 也不是 GB 18030 编码", _REFILE),
    "file_header": ("第一行不是完整、互不相同的列名", "按样式改正表头后，重新签署、重新导入整个文件。"),
    "file_cut": ("文件不完整，中途断开", "重新导出完整的文件后，重新签署、重新导入。"),
    "file_limit": ("文件超出限制", "拆分成几个文件后，分别签署、分别导入。"),
    "file_form": ("不是可读取的 CSV 或 XLSX 文件", _REFILE),
    "file_damaged": ("暂存的文件已损坏", "请重新签署、重新导入。"),
}
