// As in Wire, which nothing here imports: text is put together in calls, not copied into every place.
extension String {
    @inline(never)
    static func + (left: String, right: String) -> String {
        var text = left
        text.append(contentsOf: right)
        return text
    }

    @inline(never)
    static func += (left: inout String, right: String) { left.append(contentsOf: right) }
}
