/// When a job runs by itself.
public struct JobSchedule: Hashable, Sendable {
    public enum Rule: Hashable, Sendable {
        case cron(CronExpression)
        /// A calendar event of systemd.time(7), which systemd alone understands.
        case calendar(String)
    }

    public let rule: Rule
    /// The name of the time zone whose clocks count; `nil` for the host's.
    public let zoneName: String?

    public init(_ rule: Rule, zoneName: String? = nil) {
        self.rule = rule
        self.zoneName = zoneName
    }

    /// As it was written.
    public var text: String {
        switch rule {
        case .cron(let expression): expression.text
        case .calendar(let text): text
        }
    }

    /// What `OnCalendar=` of a timer unit takes, one for each line.
    public var calendarEvents: [String] {
        switch rule {
        case .cron(let expression): expression.calendarEvents(zone: zoneName)
        case .calendar(let text): [zoneName.map { "\(text) \($0)" } ?? text]
        }
    }
}
