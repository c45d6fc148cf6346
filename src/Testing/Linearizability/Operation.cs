using System.Globalization;

namespace RaftStream.Testing;

/// <summary>What an operation of a history asks for. Which of them a model knows, <see cref="HistoryModel"/> says.</summary>
public enum OperationFunction
{
    /// <summary>To tell the value (<c>read</c> or <c>get</c>).</summary>
    Read = 0,

    /// <summary>To replace the value (<c>write</c> or <c>put</c>).</summary>
    Write = 1,

    /// <summary>To replace the value if it is the expected one (<c>cas</c>); the argument is the list of the old and the new value.</summary>
    CompareAndSet = 2,

    /// <summary>To add a number to a counter, or a member to a set (<c>add</c>).</summary>
    Add = 3,

    /// <summary>To put something at the end of a text or a list (<c>append</c>).</summary>
    Append = 4,

    /// <summary>To take a lock (<c>acquire</c>).</summary>
    Acquire = 5,

    /// <summary>To give a lock back (<c>release</c>).</summary>
    Release = 6,
}

/// <summary>
/// One operation of a history, from the call to the answer. Positions count the events of the whole history, from 0: of two events the one
/// with the smaller position was first in real time.
/// </summary>
public sealed class Operation
{
    /// <summary>The position of the answer of an operation that has none.</summary>
    public const int Never = int.MaxValue;

    internal Operation(int number, long process, string key, OperationFunction function, HistoryValue argument, int invoked, int line)
    {
        Number = number;
        Process = process;
        Key = key;
        Function = function;
        Argument = argument;
        Invoked = invoked;
        Line = line;
    }

    /// <summary>Its place among the operations that the recorder was told, from 0.</summary>
    public int Number { get; }

    /// <summary>Who asked: a process has one operation at a time.</summary>
    public long Process { get; }

    /// <summary>Which object: objects are independent of each other.</summary>
    public string Key { get; }

    /// <summary>What was asked for.</summary>
    public OperationFunction Function { get; }

    /// <summary>With which argument.</summary>
    public HistoryValue Argument { get; }

    /// <summary>What was answered; null if nothing was, or an answer that tells no value.</summary>
    public HistoryValue? Result { get; internal set; }

    /// <summary>The position of the call.</summary>
    public int Invoked { get; }

    /// <summary>The position of the answer, <see cref="Never"/> if its outcome is unknown.</summary>
    public int Returned { get; internal set; } = Never;

    /// <summary>Whether its outcome is unknown: it may take effect at any time after the call, or never.</summary>
    public bool IsOpen => Returned == Never;

    /// <summary>The line of the call in the file it was read from, from 1; 0 if there is none.</summary>
    public int Line { get; }

    /// <summary>The line of the answer in the file it was read from, from 1; 0 if there is none.</summary>
    public int ReturnLine { get; internal set; }

    /// <summary>Such as <c>process 3: cas [1 2] (lines 7 to 9)</c>.</summary>
    public override string ToString()
    {
        var place = Line == 0 ? "" : ReturnLine == 0 ? $" (line {Line})" : $" (lines {Line} to {ReturnLine})";
        return string.Create(CultureInfo.InvariantCulture, $"process {Process}: {Call}{place}");
    }

    /// <summary>The call and what became of it, such as <c>read -> 5</c>.</summary>
    public string Call
    {
        get
        {
            var argument = Argument.Kind == HistoryValueKind.Null && Function != OperationFunction.Write ? "" : $" {Argument}";
            return ModelRules.NameOf(Function) + argument + (IsOpen ? " -> unknown" : Result is { } result ? $" -> {result}" : "");
        }
    }
}
