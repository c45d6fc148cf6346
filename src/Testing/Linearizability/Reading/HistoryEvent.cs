namespace RaftStream.Testing.Linearizability;

/// <summary>What a line of a history tells.</summary>
internal enum EventType
{
    /// <summary>A call.</summary>
    Invoke = 0,

    /// <summary>It was done.</summary>
    Ok = 1,

    /// <summary>It certainly was not done.</summary>
    Fail = 2,

    /// <summary>Nobody knows.</summary>
    Info = 3,
}

/// <summary>One event of a history, whichever format told it.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Process">Whose.</param>
/// <param name="Type">Call or answer.</param>
/// <param name="Function">What was asked for, by its name.</param>
/// <param name="Key">Which object; null if the event names none.</param>
/// <param name="Value">Argument or result.</param>
internal readonly record struct HistoryEvent(int Line, long Process, EventType Type, string Function, string? Key, HistoryValue Value)
{
    private static readonly string[] Types = ["invoke", "ok", "fail", "info"];

    public static bool TryParse(string name, out EventType type)
    {
        var place = Array.IndexOf(Types, name);
        type = (EventType)Math.Max(0, place);
        return place >= 0;
    }
}
