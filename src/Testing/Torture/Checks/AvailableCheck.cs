using System.Globalization;
using System.Numerics;

namespace RaftStream.Testing;

/// <summary>
/// Writes that one node's disk accepted: each is counted at most once by every read, in the order in which its node accepted them; once and for good it is in a strong read it stays there; in
/// the end it is counted if the disk and its node are still of the cluster. A tentative read has all that the process which answers it accepted before.
/// </summary>
internal sealed class AvailableCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "accepted once";

    private readonly IReadOnlySet<int> _spoilt;
    private readonly IReadOnlyDictionary<int, NodeView> _settled;
    private readonly AcceptedWrites _writes;
    private readonly List<string> _undecided = [];
    private long _excused;

    private AvailableCheck(IReadOnlyList<RunOperation> operations, IReadOnlyDictionary<int, NodeView> settled, IReadOnlySet<int> spoilt) =>
        (_writes, _settled, _spoilt) = (new(operations, spoilt), settled, spoilt);

    /// <summary>Checks the accepted writes of a run.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="operations">Its operations.</param>
    /// <param name="reads">The final reads.</param>
    /// <param name="settled">Where the nodes stood before these, with nothing waiting if time was enough.</param>
    /// <param name="spoilt">The nodes whose disks were changed behind their backs: they promise to count nothing twice, and no more.</param>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations, IReadOnlyList<FinalRead> reads, IReadOnlyDictionary<int, NodeView> settled, IReadOnlySet<int> spoilt) =>
        RunHistories.Timed(workload, Checker, () => new AvailableCheck(operations, settled, spoilt).Find([.. reads.Where(read => read.Workload == workload)]));

    /// <summary>How many accepted writes a strong read lacked that began after they were accepted, and for how long, in nanoseconds.</summary>
    public static (int Count, long Longest) Late(IReadOnlyList<RunOperation> operations)
    {
        var (count, longest) = (0, 0L);
        foreach (var key in RunHistories.ByKey(operations.Where(static operation => operation.Answer.Kind == AnswerKind.Ok)))
        {
            var reads = key.Where(static operation => operation.Call is { Function: OperationFunction.Read, Level: null }).ToArray();
            foreach (var add in key.Where(static operation => operation.Call.Function == OperationFunction.Add))
            {
                var late = reads.LastOrDefault(read => read.Invoked > add.Completed && MemberDigits.CountOf(read, add) == 0);
                count += late is null ? 0 : 1;
                longest = Math.Max(longest, late is null ? 0 : late.Invoked - add.Completed);
            }
        }

        return (count, longest);
    }

    private (Verdict Verdict, string Detail) Find(FinalRead[] reads)
    {
        if (_writes.ProblemOfPlaces() is { } places)
            return (Verdict.Illegal, places);
        foreach (var key in _writes.Keys)
        {
            if ((ProblemOfReads(key) ?? ProblemOfEnd(key, reads)) is { } problem)
                return (Verdict.Illegal, problem);
        }

        foreach (var node in AvailableLoad.MembersOf(_settled).Except(_spoilt))
        {
            if (_settled.TryGetValue(node, out var view) && view.AcceptedLost > 0)
                return (Verdict.Illegal, $"Node {node} says that {view.AcceptedLost} of the writes that it accepted are lost, and its disk is its own.");
        }

        if (_undecided.Count > 0)
            return (Verdict.Undecided, $"{_undecided.Count} accepted writes are not decided: {_undecided[0]}");
        var (late, longest) = Late(_writes.Operations);
        return (Verdict.Linearizable, string.Create(CultureInfo.InvariantCulture, $"{_writes.Accepted} accepted adds are counted once each but for {_excused}, whose node has left or had its disk spoilt: these at most once, as {_writes.Unknown} of "
            + $"unknown outcome; {late} were seen to be late, by {longest / 1e9:0.0} s at the most. {_writes.Tentative} tentative reads, {_writes.Waiting} of them with something that waited."));
    }

    private string? ProblemOfReads(AcceptedKey key)
    {
        var strong = new StrongReads(key);
        foreach (var read in key.Reads)
        {
            var value = new MemberDigits(read.Answer.Result!.Value.Number);
            if (ProblemOfCounts(key, value, read.Completed) is { } count)
                return $"{Tell(read)} {count}";
            if ((ProblemOfOrder(key, read, value) ?? ProblemOfLacks(key, read, value, strong)) is { } problem)
                return $"{Tell(read)} {problem}";
        }

        return null;
    }

    // A tentative read lays its own node's outbox over a state that may, right after a start, lack what that outbox held before.
    private string? ProblemOfOrder(AcceptedKey key, RunOperation read, MemberDigits value) =>
        _writes.FirstOutOfOrder(key, value, read.Call.Level is null ? null : read.Node) is var (missing, later)
            ? $"has {Tell(later)}, and not {Tell(missing)}, which the same node accepted before it."
            : null;

    private string? ProblemOfLacks(AcceptedKey key, RunOperation read, MemberDigits value, StrongReads strong)
    {
        if (read.Call.Level is not null)
            return (AcceptedWrites.OwnBefore(key, read) & ~value.Members) is not 0 and var own ? $"lacks {Tell(key.AddOf(own))}, which the process that answers had accepted before." : null;
        if ((strong.SureBefore(read.Invoked) & ~value.Members) is not 0 and var seen)
            return $"lacks {Tell(key.AddOf(seen))}, which a strong read had seen before.";
        return (_writes.SureBefore(key, read.Invoked) & ~value.Members) is not 0 and var sure
            ? $"lacks {Tell(key.AddOf(sure))}, though the process that accepted it had said that nothing waits there."
            : null;
    }

    private static string? ProblemOfCounts(AcceptedKey key, MemberDigits value, long until)
    {
        if (value.IsOutOfRange)
            return $"tells {value.Value}, which no adds come to.";
        foreach (var member in value.Present)
        {
            if (key.Adds[member] is not { } add)
                return $"counts {AvailableLoad.AmountOf(member)}, which nobody added.";
            var count = value.CountOf(member);
            if (count > 1)
                return $"counts {count} times what was added once: {Tell(add)}.";
            if (add.Answer.Kind == AnswerKind.Failed)
                return $"counts an add that was refused: {Tell(add)}.";
            if (add.Invoked > until)
                return $"counts an add that was asked for later: {Tell(add)}.";
        }

        return null;
    }

    private string? ProblemOfEnd(AcceptedKey key, FinalRead[] reads)
    {
        var own = Array.FindAll(reads, read => read.Key == key.Name && read.Value is not null);
        foreach (var read in own)
        {
            if (ProblemOfCounts(key, new(read.Value!.Value.Number), long.MaxValue) is { } count)
                return $"{key.Name}, read at the end through node {read.Node}, {count}";
        }

        var final = own.FirstOrDefault();
        var members = AvailableLoad.MembersOf(_settled);
        foreach (var add in key.Adds.OfType<RunOperation>().Where(static add => add.Answer.Kind == AnswerKind.Ok))
        {
            if (final is not null && new MemberDigits(final.Value!.Value.Number).CountOf(add) > 0)
                continue;
            if (members.Count > 0 && (!members.Contains(add.Node) || _spoilt.Contains(add.Node)))
                _excused++;
            else if (final is null || members.Count == 0)
                _undecided.Add(final is null ? $"{key.Name} was not read at the end." : "no leader told at the end who belongs to the cluster.");
            else if (!_settled.TryGetValue(add.Node, out var view) || view.AcceptedWaiting != 0)
                _undecided.Add($"node {add.Node} {(view?.AcceptedWaiting is { } waiting ? $"said at the end that {waiting} wait" : "did not say at the end what waits")} in its outbox.");
            else
                return $"{key.Name} ends without {Tell(add)}, though its node is a member and says that nothing waits there any more.";
        }

        return null;
    }

    private static string Tell(RunOperation operation) => RunHistories.Tell(operation);
}

/// <summary>A value as what it says of each member: how often it was counted, from 0 to 3.</summary>
internal readonly record struct MemberDigits(long Value)
{
    private const int Mask = (1 << AvailableLoad.Bits) - 1;

    /// <summary>Whether it is below 0 or has a digit behind the last member's.</summary>
    public bool IsOutOfRange => Value >> (AvailableLoad.Bits * AvailableLoad.Members) != 0;

    /// <summary>The members that are counted at all.</summary>
    public IEnumerable<int> Present
    {
        get
        {
            for (var member = 0; member < AvailableLoad.Members; member++)
            {
                if (CountOf(member) > 0)
                    yield return member;
            }
        }
    }

    /// <summary>The same, a bit for each.</summary>
    public long Members
    {
        get
        {
            var members = 0L;
            foreach (var member in Present)
                members |= 1L << member;
            return members;
        }
    }

    /// <summary>The member that an add stands for.</summary>
    public static int MemberOf(RunOperation add) => BitOperations.TrailingZeroCount(add.Call.Argument.Number) / AvailableLoad.Bits;

    /// <summary>How often a read counts an add.</summary>
    public static int CountOf(RunOperation read, RunOperation add) => new MemberDigits(read.Answer.Result!.Value.Number).CountOf(add);

    /// <summary>How often a member is counted.</summary>
    public int CountOf(int member) => (int)(Value >> (AvailableLoad.Bits * member)) & Mask;

    /// <summary>How often an add is counted.</summary>
    public int CountOf(RunOperation add) => CountOf(MemberOf(add));
}

/// <summary>What strong reads of a key had seen when.</summary>
internal sealed class StrongReads(AcceptedKey key)
{
    private readonly RunOperation[] _ended = [.. key.Reads.Where(static read => read.Call.Level is null).OrderBy(static read => read.Completed)];
    private int _next;
    private long _seen;

    /// <summary>The members that a strong read had which ended before an instant; ask for later and later ones.</summary>
    public long SureBefore(long instant)
    {
        while (_next < _ended.Length && _ended[_next].Completed < instant)
            _seen |= new MemberDigits(_ended[_next++].Answer.Result!.Value.Number).Members;
        return _seen;
    }
}
