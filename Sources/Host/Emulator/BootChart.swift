import Wire

extension BootChart {
    /// As the handset draws its own boots.
    public static func svg(_ report: BootReport, title: String) -> String {
        String(
            decoding: svg(report.timeline, title: title, subtitle: report.summary), as: UTF8.self)
    }
}
