using System.Reflection;

namespace RaftStream.StreamStateMachine;

/// <summary>Members of the framework that come out differently from one replica to the next, and what to do instead.</summary>
internal static class ForbiddenCalls
{
    private const string Clock = "which tells another time on each: use the record's time or the context's log time, or call it in front of keyBy";
    private const string Chance = "which gives something else on each: draw it in front of keyBy, so that it is part of the record";
    private const string Machine = "which depends on the machine and the process: read it in front of keyBy, or when the job is declared";
    private const string Outside = "which reaches outside of the job: do it in front of keyBy, or behind a sink; Peek may";
    private const string Threads = "whose order and time differ on each: do the work in front of keyBy, or one after the other";
    private const string Hash = "which differs from process to process: compare the values themselves, or take a hash of their bytes";
    private const string Culture = "which depends on the machine's settings: use CultureInfo.InvariantCulture";

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["System.TimeProvider"] = Clock,
        ["System.Diagnostics.Stopwatch"] = Clock,
        ["System.Random"] = Chance,
        ["System.Security.Cryptography.RandomNumberGenerator"] = Chance,
        ["System.Environment"] = Machine,
        ["System.Console"] = Outside,
        ["System.Diagnostics.Process"] = Outside,
        ["System.IO.Directory"] = Outside,
        ["System.IO.DirectoryInfo"] = Outside,
        ["System.IO.File"] = Outside,
        ["System.IO.FileInfo"] = Outside,
        ["System.IO.FileStream"] = Outside,
        ["System.Net.Dns"] = Outside,
        ["System.Threading.Interlocked"] = Threads,
        ["System.Threading.PeriodicTimer"] = Threads,
        ["System.Threading.Thread"] = Threads,
        ["System.Threading.ThreadPool"] = Threads,
        ["System.Threading.Timer"] = Threads,
        ["System.Timers.Timer"] = Threads,
        ["System.Threading.Tasks.Parallel"] = Threads,
        ["System.Threading.Tasks.Task"] = Threads,
        ["System.Threading.Tasks.Task`1"] = Threads,
        ["System.Threading.Tasks.TaskFactory"] = Threads,
        ["System.Linq.ParallelEnumerable"] = Threads,
        ["System.HashCode"] = Hash,
    };

    private static readonly Dictionary<string, string> Members = new(StringComparer.Ordinal)
    {
        ["System.DateTime.get_Now"] = Clock,
        ["System.DateTime.get_UtcNow"] = Clock,
        ["System.DateTime.get_Today"] = Clock,
        ["System.DateTimeOffset.get_Now"] = Clock,
        ["System.DateTimeOffset.get_UtcNow"] = Clock,
        ["System.Guid.NewGuid"] = Chance,
        ["System.Guid.CreateVersion7"] = Chance,
        ["System.IO.Path.GetRandomFileName"] = Chance,
        ["System.IO.Path.GetTempFileName"] = Outside,
        ["System.IO.Path.GetTempPath"] = Machine,
        ["System.DateTime.ToLocalTime"] = Machine,
        ["System.DateTimeOffset.ToLocalTime"] = Machine,
        ["System.TimeZoneInfo.get_Local"] = Machine,
        ["System.Object.GetHashCode"] = Hash,
        ["System.String.GetHashCode"] = Hash,
        ["System.StringComparer.GetHashCode"] = Hash,
        ["System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode"] = Hash,
        ["System.Globalization.CultureInfo.get_CurrentCulture"] = Culture,
        ["System.Globalization.CultureInfo.get_CurrentUICulture"] = Culture,
        ["System.Globalization.RegionInfo.get_CurrentRegion"] = Culture,
    };

    private static readonly string[] OutsideNamespaces = ["System.Net.Http", "System.Net.Sockets", "System.Net.WebSockets", "System.Net.NetworkInformation", "System.IO.Pipes"];

    /// <summary>What is wrong with a call, as the end of a sentence; null: nothing.</summary>
    public static string? Judge(MethodBase called)
    {
        if (called.DeclaringType is not { } declaring)
            return null;
        var type = declaring.IsGenericType ? declaring.GetGenericTypeDefinition() : declaring;
        var reason = Types.GetValueOrDefault(type.FullName ?? "") ?? Members.GetValueOrDefault($"{type.FullName}.{called.Name}");
        if (reason is null && OutsideNamespaces.Contains(type.Namespace, StringComparer.Ordinal))
            reason = Outside;
        return reason is null ? null : $"calls {NameOf(called)}, {reason}.";
    }

    private static string NameOf(MethodBase called)
    {
        var name = called.Name.StartsWith("get_", StringComparison.Ordinal) ? called.Name["get_".Length..] : called.Name;
        var type = called.DeclaringType!.Name.Split('`')[0];
        return called.IsConstructor ? $"new {type}" : $"{type}.{name}";
    }
}
