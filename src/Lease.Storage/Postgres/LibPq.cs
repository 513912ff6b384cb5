using System.Runtime.InteropServices;

namespace Lease.Storage.Postgres;

/// <summary>What is used of libpq, PostgreSQL's own client library (PostgreSQL 15 documentation, chapter 34), and poll(2) to wait with a deadline.</summary>
internal static unsafe partial class LibPq
{
    public const int ConnectionOk = 0;
    public const int CommandOk = 1;
    public const int TuplesOk = 2;
    public const int SqlState = 'C';
    public const int Primary = 'M';
    public const int Detail = 'D';

    private const string Library = "libpq.so.5";

    [LibraryImport(Library, EntryPoint = "PQconnectdbParams")]
    public static partial IntPtr Connect(byte** keywords, byte** values, int expandDbname);

    [LibraryImport(Library, EntryPoint = "PQsetNoticeProcessor")]
    public static partial IntPtr SetNoticeProcessor(IntPtr connection, delegate* unmanaged<void*, byte*, void> processor, void* argument);

    [LibraryImport(Library, EntryPoint = "PQstatus")]
    public static partial int Status(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQerrorMessage")]
    public static partial byte* ErrorMessage(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQfinish")]
    public static partial void Finish(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQhost")]
    public static partial byte* Host(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQport")]
    public static partial byte* Port(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQdb")]
    public static partial byte* Database(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQtransactionStatus")]
    public static partial int TransactionStatus(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQsendQuery", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SendQuery(IntPtr connection, string sql);

    [LibraryImport(Library, EntryPoint = "PQsendPrepare", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SendPrepare(IntPtr connection, string name, string sql, int parameterCount, uint* types);

    [LibraryImport(Library, EntryPoint = "PQsendQueryPrepared", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SendQueryPrepared(IntPtr connection, string name, int parameterCount, byte** values, int* lengths, int* formats, int resultFormat);

    [LibraryImport(Library, EntryPoint = "PQconsumeInput")]
    public static partial int ConsumeInput(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQisBusy")]
    public static partial int IsBusy(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQgetResult")]
    public static partial IntPtr GetResult(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQsocket")]
    public static partial int Socket(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQnotifies")]
    public static partial IntPtr Notifies(IntPtr connection);

    [LibraryImport(Library, EntryPoint = "PQfreemem")]
    public static partial void Free(IntPtr memory);

    [LibraryImport(Library, EntryPoint = "PQresultStatus")]
    public static partial int ResultStatus(IntPtr result);

    [LibraryImport(Library, EntryPoint = "PQresultErrorField")]
    public static partial byte* ResultErrorField(IntPtr result, int field);

    [LibraryImport(Library, EntryPoint = "PQntuples")]
    public static partial int Rows(IntPtr result);

    [LibraryImport(Library, EntryPoint = "PQgetvalue")]
    public static partial byte* Value(IntPtr result, int row, int column);

    [LibraryImport(Library, EntryPoint = "PQgetlength")]
    public static partial int Length(IntPtr result, int row, int column);

    [LibraryImport(Library, EntryPoint = "PQgetisnull")]
    public static partial int IsNull(IntPtr result, int row, int column);

    [LibraryImport(Library, EntryPoint = "PQclear")]
    public static partial void Clear(IntPtr result);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, ulong count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Socket;
        public short Events;
        public short Happened;
    }
}
