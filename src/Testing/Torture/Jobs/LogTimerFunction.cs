using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// One timer of log time for each record, by its number, and for some a second one that is taken back at once. Tells when a timer was set and for when, and when it fired: in microseconds of log time.
/// </summary>
internal sealed class LogTimerFunction : ProcessFunction<long, ModelRecord, string>
{
    private readonly ValueState<long> _asked;

    /// <summary>A function of one replica.</summary>
    public LogTimerFunction() => _asked = DeclareValue<long>("asked");

    /// <inheritdoc/>
    public override void Process(ModelRecord value, ProcessContext<long, string> context)
    {
        var asked = context.LogTime + TimeSpan.FromMilliseconds(50 + (value.Number % 37 * 40));
        _asked.Set(Microseconds(asked));
        context.SetLogTimer(asked);
        if (value.Number % 3 == 0)
        {
            context.SetLogTimer(asked + TimeSpan.FromMilliseconds(20));
            context.CancelLogTimer(asked + TimeSpan.FromMilliseconds(20));
        }

        context.Emit(new LogTimerNews(false, context.Key, Microseconds(asked), Microseconds(context.LogTime)).ToString());
    }

    /// <inheritdoc/>
    public override void OnTimer(ProcessContext<long, string> context) =>
        context.Emit(new LogTimerNews(true, context.Key, _asked.TryGet(out var asked) ? asked : -1, Microseconds(context.LogTime)).ToString());

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>What the function tells of a timer.</summary>
/// <param name="HasFired">Whether it fired, and was not just set.</param>
/// <param name="Number">The number of the record that set it.</param>
/// <param name="Asked">For which log time, in microseconds.</param>
/// <param name="At">The log time now.</param>
internal readonly record struct LogTimerNews(bool HasFired, long Number, long Asked, long At)
{
    /// <summary>Reads what <see cref="ToString"/> wrote; null if it is none of it.</summary>
    public static LogTimerNews? Read(string text)
    {
        var parts = text.Split('|');
        return parts is ["set" or "fired", _, _, _]
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var asked)
            && long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? new(parts[0] == "fired", number, asked, at)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(HasFired ? "fired" : "set")}|{Number}|{Asked}|{At}");
}
