namespace RaftStream.StreamStateMachine;

/// <summary>
/// Code of a job threw what is no <see cref="PoisonRecordException"/>: the sentence names the operator, and where it is known the record, and says what to do. In front of the log nothing came of the record; behind it the replica
/// stops, as the others do.
/// </summary>
internal sealed class JobCodeException : Exception
{
    private JobCodeException(string message, string place, Exception inner)
        : base(message, inner) => Place = place;

    /// <summary>The operator whose code it was, or the source.</summary>
    public string Place { get; }

    /// <summary>Whether an exception is the fault of the code that a job was declared with, and not of the machine that runs it, of its disk or of the limits of its state.</summary>
    public static bool IsOfCode(Exception problem) =>
        problem is not (JobCodeException or PoisonRecordException or StateFullException or InvariantException or OutOfMemoryException or IOException);

    /// <summary>In an operator.</summary>
    public static JobCodeException At(string place, Exception problem) => new($"The code of '{place}' threw {problem.GetType().Name}: {problem.Message}", place, problem);

    /// <summary>In front of the log, at a record of a partition.</summary>
    public static JobCodeException InFront(Exception problem, string source, string? record)
    {
        var (place, cause) = problem is JobCodeException { InnerException: { } inner } known ? (known.Place, inner) : (source, problem);
        return new(
            $"The code of '{place}' threw {cause.GetType().Name}{(record is null ? "" : $" at the record '{record}'")} ({cause.Message}), so nothing of its batch was taken in: mend it, or throw a {nameof(PoisonRecordException)} there to have such records set aside.",
            place,
            cause);
    }

    /// <summary>On the replicas, at a record or timer.</summary>
    public static JobCodeException OnReplicas(JobCodeException problem, string job, string at) => new(
        $"The code of '{problem.Place}' of job '{job}' threw {problem.InnerException!.GetType().Name} at {at} ({problem.InnerException.Message}): mend it, on all nodes alike, and start them again, or throw a {nameof(PoisonRecordException)} there to have such records set aside.",
        problem.Place,
        problem.InnerException);
}

/// <summary>Names the operator whose code threw: the innermost one.</summary>
internal sealed class NamedReceiver<T>(IReceiver<T> receiver, string name) : IReceiver<T>
{
    public void Receive(in Record<T> record)
    {
        try
        {
            receiver.Receive(record);
        }
        catch (Exception problem) when (JobCodeException.IsOfCode(problem))
        {
            throw JobCodeException.At(name, problem);
        }
    }
}
