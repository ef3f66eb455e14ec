// Text is put together in calls. The standard library's own operators are copied into every place that uses
// them, a hundred bytes each time, and PID 1 has more than two hundred such places. These hide them.
extension String {
    @inline(never)
    public static func + (left: String, right: String) -> String {
        var text = left
        text.append(contentsOf: right)
        return text
    }

    @inline(never)
    public static func += (left: inout String, right: String) { left.append(contentsOf: right) }
}
