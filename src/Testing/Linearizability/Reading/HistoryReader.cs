using System.Globalization;
using RaftStream.Testing.Linearizability;

namespace RaftStream.Testing;

/// <summary>
/// Reads histories from files: JSON lines, or Jepsen's EDN; which of the two, the first character that means something tells.
/// <c>docs/checker.md</c> describes both.
/// </summary>
public static class HistoryReader
{
    /// <summary>The most operations that are read from a file.</summary>
    public const int MaxOperations = 1_000_000;

    /// <summary>Reads a history.</summary>
    /// <param name="text">The text; it is not closed.</param>
    /// <param name="model">The object that it is about: it says which operations, arguments and results there are.</param>
    /// <exception cref="HistoryFormatException">The text is no history of such an object.</exception>
    public static History Read(TextReader text, HistoryModel model)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = new LineSource(text);
        var first = lines.Read();
        while (first is not null && (string.IsNullOrWhiteSpace(first) || first.TrimStart().StartsWith(';')))
            first = lines.Read();
        if (first is null)
            throw new HistoryFormatException(Math.Max(1, lines.Number - 1), "is the end of a file without events: give a history of JSON lines or EDN.");
        var assembler = new HistoryAssembler(model);
        foreach (var read in IsEdn(first) ? EdnEvents.Read(first, lines, 2 * MaxOperations) : JsonEvents.Read(first, lines))
            assembler.Add(read);
        return assembler.ToHistory();
    }

    // EDN begins with a vector, a tag, or a map whose first key is a keyword; a JSON object's is a text.
    private static bool IsEdn(string first)
    {
        var start = first.TrimStart().TrimStart('\uFEFF');
        return start[0] is '[' or '(' or '#' || (start[0] == '{' && start.AsSpan(1).TrimStart() is [':', ..]);
    }
}

/// <summary>Puts calls and answers together.</summary>
internal sealed class HistoryAssembler(HistoryModel model)
{
    private readonly HistoryRecorder _recorder = new(HistoryReader.MaxOperations);
    private readonly Dictionary<long, (int Number, HistoryEvent Call)> _busy = [];
    private bool? _isKeyed;

    /// <summary>Takes the next event.</summary>
    /// <exception cref="HistoryFormatException">It does not fit what came before.</exception>
    public void Add(HistoryEvent read)
    {
        if (!ModelRules.TryParse(read.Function, out OperationFunction function))
            throw Problem(read, $"asks for \"{read.Function}\", which no model has: the {ModelRules.NameOf(model)} model has {ModelRules.Known(model)}.");
        if (read.Type == EventType.Invoke)
            Invoke(read, function);
        else
            End(read, function);
    }

    /// <summary>What was read.</summary>
    public History ToHistory() => _recorder.ToHistory();

    private void Invoke(HistoryEvent read, OperationFunction function)
    {
        if (_busy.TryGetValue(read.Process, out var before))
            throw Problem(read, string.Create(CultureInfo.InvariantCulture, $"is a call of process {read.Process}, whose call in line {before.Call.Line} has no answer yet: a process has one operation at a time."));
        if (_isKeyed is { } isKeyed && isKeyed != read.Key is not null)
            throw Problem(read, isKeyed ? "names no key, as the calls above it do: give one." : "names a key, and the calls above it do not: give one to all or to none.");
        _isKeyed = read.Key is not null;
        var argument = function == OperationFunction.Read || function >= OperationFunction.Acquire ? default : read.Value;
        if (ModelRules.ProblemOfCall(model, function, argument) is { } problem)
            throw Problem(read, problem);
        if (_recorder.Count == HistoryReader.MaxOperations)
            throw Problem(read, string.Create(CultureInfo.InvariantCulture, $"is operation {HistoryReader.MaxOperations + 1}: {HistoryReader.MaxOperations} are the most that are read."));
        _busy[read.Process] = (_recorder.InvokeAt(read.Line, read.Process, read.Key ?? "", function, argument), read);
    }

    private void End(HistoryEvent read, OperationFunction function)
    {
        if (!_busy.Remove(read.Process, out var busy))
            throw Problem(read, string.Create(CultureInfo.InvariantCulture, $"is an answer to process {read.Process}, which has called nothing: put its call before it."));
        var call = busy.Call;
        if (call.Function != read.Function || (read.Key is not null && call.Key != read.Key))
            throw Problem(read, $"answers {read.Function}{Of(read)}, but the call in line {call.Line} asks for {call.Function}{Of(call)}: give the same.");
        if (read.Type == EventType.Ok)
            Ok(read, function, call, busy.Number);
        else if (read.Type == EventType.Fail)
            _recorder.Fail(busy.Number);
        else
            _recorder.Info(busy.Number);
    }

    private void Ok(HistoryEvent read, OperationFunction function, HistoryEvent call, int number)
    {
        var result = ResultOf(read, function, call);
        if (ModelRules.ProblemOfResult(model, function, result) is { } problem)
            throw Problem(read, problem);
        _recorder.OkAt(read.Line, number, result);
    }

    // A counter's add may tell the value after it, as a list of the amount and that value; every other change repeats its argument or tells nothing.
    private HistoryValue? ResultOf(HistoryEvent read, OperationFunction function, HistoryEvent call)
    {
        if (function == OperationFunction.Read)
            return read.Value;
        if (read.Value == HistoryValue.Null || read.Value == call.Value || function >= OperationFunction.Acquire)
            return null;
        if (model == HistoryModel.Counter && read.Value.Members.Count == 2 && read.Value.Members[0] == call.Value)
            return read.Value.Members[1];
        throw Problem(read, $"answers {read.Function} {call.Value} with {read.Value}: repeat the argument, or give null"
            + (model == HistoryModel.Counter ? ", or the list of the argument and the value after it." : "."));
    }

    private static string Of(HistoryEvent read) => read.Key is null ? "" : $" of key \"{read.Key}\"";

    private static HistoryFormatException Problem(HistoryEvent read, string problem) => new(read.Line, problem);
}
