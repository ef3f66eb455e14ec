import Wire

extension BootReport {
    /// A chart of the boot, as the handset draws its own (`amosctl chart`).
    public func svg(title: String) -> String {
        String(decoding: BootChart.svg(timeline, title: title, subtitle: summary), as: UTF8.self)
    }
}
