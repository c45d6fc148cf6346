namespace RaftStream.StreamStateMachine;

/// <summary>How the windows of an operator are told apart, when they fire and how long they are kept.</summary>
/// <param name="Assigner">Which windows a record belongs to.</param>
/// <param name="Trigger">When a window fires.</param>
/// <param name="Lateness">By how many milliseconds of event time a record may be late and still change its windows.</param>
/// <param name="Retention">How many milliseconds of event time behind its end a window can be asked for.</param>
internal sealed record WindowSpec(WindowAssigner Assigner, Trigger Trigger, long Lateness, long Retention)
{
    public string Detail => $"{Assigner.Detail}; {Trigger.Detail}; lateness {Lateness} ms; kept {Retention} ms";

    /// <summary>Whether a record cannot change that window any more.</summary>
    public bool IsLate(TimeWindow window, long watermark) => ShutTime(window) <= watermark;

    /// <summary>When no record can change a window any more.</summary>
    public long ShutTime(TimeWindow window) => After(window.MaxTime, Lateness);

    /// <summary>When a window is forgotten.</summary>
    public long ForgetTime(TimeWindow window) => After(window.MaxTime, Math.Max(Lateness, Retention));

    /// <summary>A later instant; the end of time where it would lie beyond.</summary>
    public static long After(long time, long span) => time > long.MaxValue - span ? long.MaxValue : time + span;
}
