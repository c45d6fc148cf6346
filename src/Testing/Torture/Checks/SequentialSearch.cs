using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>
/// Looks for one order of a key's operations that keeps each process's own order, whatever real time says, and in which every answer is right: sequential
/// consistency of that key. Bounded in time and in what it remembers.
/// </summary>
/// <remarks>
/// A configuration is how far each process is and the value; each is entered once. A read that fits is taken at once: it changes nothing, so whatever
/// could be done before it can be done after it. An operation of unknown outcome is the last of its process, may be taken once all before it are, and
/// may be left out.
/// </remarks>
internal sealed class SequentialSearch
{
    private const int MostConfigurations = 200_000;

    private readonly RunOperation[][] _processes;
    private readonly int[] _places;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly StringBuilder _text = new();
    private readonly long _deadline;
    private int _open;

    private SequentialSearch(IEnumerable<RunOperation> operations, TimeSpan time)
    {
        _processes = [.. operations.Where(static operation => operation.Answer.Kind != AnswerKind.Failed)
            .GroupBy(static operation => operation.Client).Select(static process => process.OrderBy(static operation => operation.Invoked).ToArray())];
        _places = new int[_processes.Length];
        _open = _processes.Sum(static process => process.Count(static operation => operation.Answer.Kind == AnswerKind.Ok));
        _deadline = Stopwatch.GetTimestamp() + (long)(Math.Max(0, time.TotalSeconds) * Stopwatch.Frequency);
    }

    /// <summary>Looks for an order.</summary>
    /// <param name="operations">All of one key.</param>
    /// <param name="kind">What the key is.</param>
    /// <param name="time">How long it may take.</param>
    public static Verdict Run(IEnumerable<RunOperation> operations, LoadObject kind, TimeSpan time)
    {
        var search = new SequentialSearch(operations, time);
        HistoryValue first = kind == LoadObject.Counter ? 0 : HistoryValue.Null;
        return search.Search(first) switch { true => Verdict.Linearizable, false => Verdict.Illegal, _ => Verdict.Undecided };
    }

    // Null: a bound was reached.
    private bool? Search(HistoryValue value)
    {
        var taken = TakeReads(value);
        bool? found = _open == 0;
        if (found == false)
            found = SearchOn(value);
        if (found != true)
            taken.ForEach(PutBack);
        return found;
    }

    private bool? SearchOn(HistoryValue value)
    {
        if (!_seen.Add(Configuration(value)))
            return false;
        if (_seen.Count > MostConfigurations || Stopwatch.GetTimestamp() > _deadline)
            return null;
        for (var process = 0; process < _processes.Length; process++)
        {
            if (Next(process) is not { } operation || After(operation, value) is not { } next)
                continue;
            Take(process);
            if (Search(next) is not false and var found)
                return found;
            PutBack(process);
        }
        return false;
    }

    private List<int> TakeReads(HistoryValue value)
    {
        var taken = new List<int>();
        for (var process = 0; process < _processes.Length; process++)
        {
            while (Next(process) is { Call.Function: OperationFunction.Read } read && read.Answer.Result == value)
            {
                Take(process);
                taken.Add(process);
            }
        }
        return taken;
    }

    private RunOperation? Next(int process) => _places[process] < _processes[process].Length ? _processes[process][_places[process]] : null;

    private void Take(int process)
    {
        _open -= _processes[process][_places[process]].Answer.Kind == AnswerKind.Ok ? 1 : 0;
        _places[process]++;
    }

    private void PutBack(int process)
    {
        _places[process]--;
        _open += _processes[process][_places[process]].Answer.Kind == AnswerKind.Ok ? 1 : 0;
    }

    // The value after an operation that changes it; null if its answer does not fit.
    private static HistoryValue? After(RunOperation operation, HistoryValue value)
    {
        var (argument, told) = (operation.Call.Argument, operation.Answer.Result);
        switch (operation.Call.Function)
        {
            case OperationFunction.Write:
                return argument;
            case OperationFunction.CompareAndSet:
                return argument.Members[0] == value ? argument.Members[1] : null;
            case OperationFunction.Add:
                HistoryValue sum = unchecked(value.Number + argument.Number);
                return operation.Answer.Kind == AnswerKind.Ok && told is { } after && after != sum ? null : sum;
            default:
                return null;
        }
    }

    private string Configuration(HistoryValue value)
    {
        _text.Clear();
        foreach (var place in _places)
            _text.Append((char)place);
        return _text.Append(CultureInfo.InvariantCulture, $"{value}").ToString();
    }
}
