using System.Text.Json;
using RaftStream.Testing.Linearizability;

namespace RaftStream.Testing;

/// <summary>
/// Writes the operations of a run as a history of JSON lines (docs/checker.md): two events an operation, in real-time order. The workload is the
/// beginning of the key, so <c>grep '"key":"counter/' history.jsonl</c> gives what <c>raftstream-lab check --model counter</c> reads.
/// </summary>
internal static class HistoryFile
{
    /// <summary>The file's name in the folder of a run.</summary>
    public const string Name = "history.jsonl";

    /// <summary>Writes the file; one that is there is replaced.</summary>
    public static void Write(string path, IReadOnlyList<RunOperation> operations)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 64 * 1024);
        using var json = new Utf8JsonWriter(file);
        foreach (var (operation, isCall) in RunEvents.Of(operations))
        {
            json.WriteStartObject();
            Write(json, operation, isCall);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            file.Write("\n"u8);
        }
    }

    private static void Write(Utf8JsonWriter json, RunOperation operation, bool isCall)
    {
        var (call, answer) = (operation.Call, operation.Answer);
        json.WriteNumber("process", operation.Client);
        json.WriteString("type", isCall ? "invoke" : answer.Kind switch { AnswerKind.Ok => "ok", AnswerKind.Failed => "fail", _ => "info" });
        json.WriteString("f", ModelRules.NameOf(call.Function));
        json.WriteString("key", call.Key);
        json.WritePropertyName("value");
        Write(json, isCall || answer.Kind != AnswerKind.Ok ? call.Argument : RunEvents.Told(operation));
        json.WriteNumber("time", isCall ? operation.Invoked : operation.Completed);
        json.WriteNumber("node", operation.Node);
        if (call.Session is { } session)
        {
            json.WriteString("session", session);
            json.WriteNumber("sequence", call.Sequence);
        }
        if (call.Level is { } level)
            json.WriteString("level", level);
        if (call.Concern is { } concern)
            json.WriteString("concern", concern);
        if (!isCall && answer.Index > 0)
            json.WriteNumber("index", answer.Index);
        if (!isCall && answer.AgeMs is { } age)
            json.WriteNumber("ageMs", age);
        if (!isCall && answer.IsTentative is { } isTentative)
            json.WriteBoolean("tentative", isTentative);
        if (!isCall && answer.Accepted is { } place)
        {
            json.WriteNumber("epoch", place.Epoch);
            json.WriteNumber("sequence", place.Sequence);
        }
    }

    private static void Write(Utf8JsonWriter json, HistoryValue value)
    {
        switch (value.Kind)
        {
            case HistoryValueKind.Number:
                json.WriteNumberValue(value.Number);
                break;
            case HistoryValueKind.Text:
                json.WriteStringValue(value.Text);
                break;
            case HistoryValueKind.List:
                json.WriteStartArray();
                foreach (var member in value.Members)
                    Write(json, member);
                json.WriteEndArray();
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}

/// <summary>Operations as the calls and answers that they were.</summary>
internal static class RunEvents
{
    /// <summary>
    /// Calls and answers in real-time order. Of one instant the answers of those that were called before it come last, so that what may have been
    /// at once counts as at once.
    /// </summary>
    public static IEnumerable<(RunOperation Operation, bool IsCall)> Of(IReadOnlyList<RunOperation> operations)
    {
        var calls = operations.OrderBy(static operation => operation.Invoked).ToArray();
        var answers = operations.OrderBy(static operation => operation.Completed).ToArray();
        var next = 0;
        foreach (var answer in answers)
        {
            while (next < calls.Length && calls[next].Invoked <= answer.Completed)
                yield return (calls[next++], true);
            yield return (answer, false);
        }
    }

    /// <summary>
    /// The value of an answer as a history tells it: what was read; the argument of anything else; of an add that told the value after it, both.
    /// </summary>
    public static HistoryValue Told(RunOperation operation)
    {
        var (function, argument, result) = (operation.Call.Function, operation.Call.Argument, operation.Answer.Result);
        if (function == OperationFunction.Read)
            return result ?? HistoryValue.Null;
        return function == OperationFunction.Add && result is { } after ? HistoryValue.List(argument, after) : argument;
    }
}
